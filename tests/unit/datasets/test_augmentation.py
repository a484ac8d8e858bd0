import subprocess
import sys

import pytest
from pydantic import ValidationError

from cnn_studio.datasets.augmentation import PRESETS, Augmentation


def test_all_is_off_by_default():
    plain = Augmentation()
    assert plain.is_off
    assert not plain.mixes_labels
    assert PRESETS["None"] == plain


@pytest.mark.parametrize(
    "change",
    [
        {"horizontal_flip": True},
        {"vertical_flip": True},
        {"crop_padding": 1},
        {"resized_crop": 0.9},
        {"rotation": 1},
        {"shift": 0.1},
        {"scale": 0.1},
        {"shear": 1},
        {"brightness": 0.1},
        {"contrast": 0.1},
        {"saturation": 0.1},
        {"hue": 0.1},
        {"erasing": 0.1},
        {"mixup": 0.1},
        {"cutmix": 0.1},
    ],
)
def test_each_switch_turns_it_on(change):
    made = Augmentation.model_validate(change)
    assert not made.is_off
    assert made.mixes_labels == bool({"mixup", "cutmix"} & set(change))
    assert Augmentation.model_validate_json(made.model_dump_json()) == made


def test_limits_alone_change_nothing():
    assert Augmentation(crop_ratio=2, erasing_share=0.5).is_off


@pytest.mark.parametrize(
    "change", [{"rotation": -1}, {"hue": 0.6}, {"resized_crop": 0}, {"crop_padding": 1.5}, {"blur": 1}]
)
def test_what_makes_no_sense_is_refused(change):
    with pytest.raises(ValidationError):
        Augmentation.model_validate(change)


def test_every_field_is_explained():
    for name, field in Augmentation.model_fields.items():
        assert field.title, name
        assert field.description and field.description.endswith("."), name


def test_digits_are_never_mirrored():
    assert not PRESETS["Digits"].flips
    assert len(PRESETS) == 4


def test_importing_it_loads_nothing_slow():
    code = (
        "import sys, cnn_studio.datasets.augmentation;"
        "print(sorted({'torch', 'numpy', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
