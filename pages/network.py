"""The model card of the chosen model: its training, its accuracy, and its weaknesses."""

from digitrec.ui.cache import classifier
from digitrec.ui.messages import begin_page, show_errors
from digitrec.ui.models import card as model_card
from digitrec.ui.models import rivals
from digitrec.ui.models.choice import choose_model, chosen_model

begin_page(
    "network",
    "The network",
    "The network that reads your digits on the Draw page: how it was trained, how accurate it is, and where it fails.",
)
choose_model()
with show_errors("The network could not be loaded. Show this to the person who started the app."):
    card, folder = classifier().card, chosen_model()

model_card.show_head(card)
model_card.show_key_figures(card, folder)
model_card.show_origin(card)
model_card.show_strengths(card)
model_card.show_measured(card)
model_card.show_seeds(card)
model_card.show_calibration(card)
model_card.show_rejection(card)
rivals.show_rivals(card, folder)
model_card.show_weaknesses(card)
model_card.show_all(card)
