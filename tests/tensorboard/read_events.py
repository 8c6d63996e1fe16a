"""Prints as JSON what TensorBoard reads in the event files of a folder; not finite numbers are null."""

import io
import json
import math
import sys

from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def scalar(event):
    return [event.step, event.value if math.isfinite(event.value) else None]


def histogram(event):
    value = event.histogram_value
    assert len(value.bucket) == len(value.bucket_limit)
    numbers = {key: getattr(value, key) for key in ("min", "max", "num", "sum", "sum_squares")}
    return {"step": event.step, "in_buckets": sum(value.bucket), **numbers}


def image(event):
    picture = Image.open(io.BytesIO(event.encoded_image_string))
    assert picture.size == (event.width, event.height) and picture.mode == "RGB"
    return {"step": event.step, "height": event.height, "width": event.width, "pixels": list(picture.tobytes())}


def main(folder):
    kinds = ("scalars", "histograms", "images")
    events = EventAccumulator(folder, size_guidance={kind: 0 for kind in kinds})
    events.Reload()
    read = {
        "scalars": (events.Scalars, scalar),
        "histograms": (events.Histograms, histogram),
        "images": (events.Images, image),
    }
    found = {
        kind: {tag: [form(event) for event in get(tag)] for tag in events.Tags()[kind]}
        for kind, (get, form) in read.items()
    }
    json.dump(found, sys.stdout, allow_nan=False)


main(sys.argv[1])
