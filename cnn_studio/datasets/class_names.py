"""Class names of known data sets whose files do not hold them."""

from __future__ import annotations

import string

DIGIT_CLASSES = tuple(string.digits)
"""Class names of digits, printed and handwritten."""

FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

KMNIST_CLASSES = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")

CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)

STL10_CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")

_MERGED = frozenset("cijklmopsuvwxyz")  # small letters that look like their capitals
_MERGED_LETTERS = "".join(letter for letter in string.ascii_lowercase if letter not in _MERGED)

EMNIST_CLASSES = {
    "byclass": (*string.digits, *string.ascii_uppercase, *string.ascii_lowercase),
    "bymerge": (*string.digits, *string.ascii_uppercase, *_MERGED_LETTERS),
    "balanced": (*string.digits, *string.ascii_uppercase, *_MERGED_LETTERS),
    "letters": tuple(string.ascii_lowercase),
    "digits": DIGIT_CLASSES,
    "mnist": DIGIT_CLASSES,
}
"""Class names by split."""
