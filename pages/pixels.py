"""The pixel values of the images: averages, differences between digits, and scaling."""

from digitrec.datasets.exploration.pixels import class_deviations, class_means, is_used, separating_pixel
from digitrec.datasets.exploration.properties import measure_images
from digitrec.training.scaling import scale
from digitrec.ui.cache import pixel_summary, properties
from digitrec.ui.data.choice import choose_digits
from digitrec.ui.data.pixels import show_averages, show_difference, show_greys, show_scaling
from digitrec.ui.messages import begin_page
from digitrec.ui.source_code import show_functions

begin_page(
    "pixels",
    "Pixels",
    "To a network, an image is 784 numbers. See their averages, choose two digits to compare, and try what scaling "
    "does to them.",
)
data, part, split = choose_digits()
summary = pixel_summary(data, part)
show_averages(summary)
show_difference(split, summary)
show_greys(split, summary, properties(data, part))
show_scaling(split, summary)
show_functions(class_means, class_deviations, separating_pixel, is_used, measure_images, scale)
