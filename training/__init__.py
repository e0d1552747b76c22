"""Training recipe of the speaker models: data, augmentation, training, export, quantization and evaluation."""
