"""The terms that digitrec uses, each explained in one or two plain sentences.

Pages show them as help beside the term, and the documents link here.
"""

GLOSSARY = {
    "accuracy": "The proportion of images that are classified correctly.",
    "activation": "The number that a unit of a layer passes on for an image.",
    "augmentation": (
        "Small random changes to training images (turned, shifted, stretched) so that a network meets more variety "
        "than the data has."
    ),
    "batch size": "How many images the network sees before it changes its weights once.",
    "calibration": (
        "Whether confidence can be taken at its word: of all answers given with 90 % confidence, nine in ten should "
        "be correct."
    ),
    "class activation map": "The network's score for a digit, split up by the places in the image that it comes from.",
    "class balance": "Whether all digits occur about equally often. Rare digits are learned less well.",
    "clean epochs": "The last epochs of a training, which show the images without augmentation.",
    "confidence": "The probability that the network gives to the digit that it answers with.",
    "confidence interval": "The range that the true figure lies in with 95 % certainty. More images make it narrower.",
    "confusion matrix": (
        "A table that counts how often each digit (row) was read as each digit (column). Correct answers lie on the "
        "diagonal."
    ),
    "convolution": "A small filter that slides over the image and answers at each place how well the pixels match it.",
    "corruption": "A change that makes an image harder to classify, such as rotation, noise or a missing part.",
    "counterfactual": "The smallest change to an image that would change the answer.",
    "coverage": "The proportion of images that the network answers at all, instead of saying that it is not sure.",
    "cross-entropy loss": (
        "Minus the logarithm of the probability given to the correct digit, averaged over the images. 0 is perfect; "
        "guessing among ten digits has 2.30."
    ),
    "cross-validation": (
        "Every image is predicted by a network that was not trained on it: the data is divided into parts, and each "
        "part is predicted by a network trained on the others."
    ),
    "dropout": "Switching off random units during training, so that the network does not rely on any single one.",
    "early stopping": "Ending a training once the validation loss has not improved for some epochs.",
    "epoch": "One pass through all training images.",
    "expected calibration error": "How far confidence and accuracy lie apart, averaged over all answers. 0 is perfect.",
    "f1 score": "The harmonic mean of precision and recall: high only where both are.",
    "feature map": "What one filter of a layer answers at each place of the image.",
    "filter": "A small grid of weights that a convolution compares with each place of the image.",
    "label": "The digit that an image is said to show. People wrote the labels, and some are wrong.",
    "label error": "An image whose label is not what it shows.",
    "label smoothing": (
        "Training towards 90 % for the correct digit instead of 100 %, so that the network stays modest."
    ),
    "layer": "One step of a network: it takes numbers and passes on others.",
    "learning curve": "Accuracy or loss over the epochs of a training.",
    "learning rate": (
        "How far the weights move in each step. Too high, and training never settles; too low, and it takes for ever."
    ),
    "learning rate schedule": "How the learning rate changes during a training.",
    "moving average": (
        "An average of the weights over the latest steps, which often classifies better than the last weights alone."
    ),
    "nearest neighbours": "The images of a dataset that are most similar to a given one.",
    "non-digits": "Drawings that show no digit: scribbles, letters, signs, two digits at once.",
    "not sure": "The answer when no digit is likely enough. The network refuses to guess.",
    "occlusion": "Covering a part of the image to see how much the answer depends on it.",
    "optimiser": "The rule that turns the error of a batch into new weights.",
    "over-segmentation": (
        "Cutting a written number into more pieces than it has digits, and keeping the sequence of pieces that reads "
        "best."
    ),
    "overfitting": (
        "Learning the training images by heart instead of what they have in common: training accuracy rises while "
        "validation accuracy falls behind."
    ),
    "p-value": "How often chance alone would make a difference at least this large.",
    "parameters": "The numbers that a network learns: the weights and biases of its layers.",
    "pca": "Principal component analysis: the view of the data in which it spreads out the most.",
    "pooling": "Keeping only the largest of neighbouring answers, which makes the image smaller.",
    "precision": "Of all images read as this digit, the proportion that are this digit.",
    "preprocessing": "The steps that turn a drawing into the image of 28 × 28 pixels that the network takes.",
    "probability": "A number from 0 to 1. The ten digits share a probability of 1.",
    "recall": "Of all images of this digit, the proportion read as this digit.",
    "rejection": "Answering *not sure* instead of a digit.",
    "robustness": "How much an image may be changed before the answer becomes wrong.",
    "saliency": "Which parts of the image the answer depends on.",
    "seed": "The number that random choices start from. The same seed gives the same choices again.",
    "significance": (
        "A difference is significant where chance alone would rarely make one so large (p-value below 5 %)."
    ),
    "softmax": "The last step of a network: it turns ten scores into ten probabilities.",
    "stroke width": "How thick the lines of a digit are, in pixels.",
    "t-sne": "A map on which images that are alike lie close together. Distances between groups mean little.",
    "temperature": (
        "A number that the scores are divided by before they become probabilities. Above 1 it lowers confidence, "
        "below 1 it raises it; the answers stay the same."
    ),
    "test set": "Images that are kept away from training and from every choice, to measure the finished network.",
    "threshold": "The confidence below which the answer is *not sure*.",
    "training set": "The images that a network learns from.",
    "validation set": "Images kept away from training, to see during training how well the network does on new images.",
    "weight decay": "Pulling all weights a little towards 0 in each step, so that none grows without need.",
    "weights": "The numbers that a layer multiplies its input by. Training changes them.",
}


def explain(*terms: str) -> str:
    """The sentences of these terms, one paragraph each, as Markdown; a term that is missing is a KeyError."""
    return "\n\n".join(GLOSSARY[term] for term in terms)
