"""The network that reads: what it learned from, how well it reads, and where it fails."""

from digitrec.ui.cache import classifier
from digitrec.ui.messages import begin_page, show_errors
from digitrec.ui.models import card as model_card
from digitrec.ui.models import rivals
from digitrec.ui.models.choice import choose_model, chosen_model

begin_page(
    "network",
    "The network",
    "What reads the digits on the Draw page. See how far to trust it before you blame your handwriting.",
)
choose_model()
with show_errors("The network could not be loaded. Show this to whoever started the app."):
    card, folder = classifier().card, chosen_model()

model_card.show_head(card)
model_card.show_key_figures(card, folder)
model_card.show_origin(card)
model_card.show_strengths(card)
model_card.show_measured(card)
model_card.show_seeds(card)
model_card.show_calibration(card)
model_card.show_refusal(card)
rivals.show_rivals(card, folder)
model_card.show_weaknesses(card)
model_card.show_all(card)
