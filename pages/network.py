"""The network that reads: what it learned from, how well it reads, and where it fails."""

from digitrec.ui import modelcard, rivals
from digitrec.ui.cache import classifier
from digitrec.ui.messages import begin_page, told
from digitrec.ui.models import choose_model

begin_page(
    "network",
    "The network",
    "What reads the digits on the Draw page. See how far to trust it before you blame your handwriting.",
)
choose_model()
with told("The network could not be loaded. Show this to whoever started the app."):
    card, folder = classifier().card, modelcard.chosen_folder()

modelcard.show_head(card)
modelcard.show_key_figures(card, folder)
modelcard.show_origin(card)
modelcard.show_strengths(card)
modelcard.show_measured(card)
modelcard.show_seeds(card)
modelcard.show_calibration(card)
modelcard.show_refusal(card)
rivals.show_rivals(card, folder)
modelcard.show_weaknesses(card)
modelcard.show_all(card)
