"""What the data pages show: selections, properties, maps and neighbours of images."""
