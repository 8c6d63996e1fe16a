"""Writes the event files in this folder with other programs' writers, and what is in them.

    python -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python generate.py

tensorboard.tfevents   scalars as tensors, as TensorFlow 2 writes them, one of every kind, among other summaries
tensorboardx.tfevents  plain scalars by tensorboardX, whose framing and messages PyTorch's writer shares
expected.json          per file and tag the points (step, wall time, value) that TensorBoard reads
"""

import json
import pathlib
import shutil
import tempfile

import numpy as np
import tensorboardX
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.plugins.scalar import metadata as scalar_metadata
from tensorboard.plugins.text import metadata as text_metadata
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util import tensor_util

HERE = pathlib.Path(__file__).parent
START = 1_700_000_000.25

LISTED = {
    "float": np.float32,
    "double": np.float64,
    "half": np.float16,
    "int8": np.int8,
    "int16": np.int16,
    "int32": np.int32,
    "int64": np.int64,
    "uint8": np.uint8,
    "uint16": np.uint16,
    "bool": np.bool_,
}
PACKED = {"float": "<f4", "double": "<f8", "half": "<f2", "int32": "<i4", "int64": "<i8"}
PACKED_TYPES = {
    "float": types_pb2.DT_FLOAT,
    "double": types_pb2.DT_DOUBLE,
    "half": types_pb2.DT_HALF,
    "int32": types_pb2.DT_INT32,
    "int64": types_pb2.DT_INT64,
}


def packed(kind, value):
    return tensor_pb2.TensorProto(
        dtype=PACKED_TYPES[kind],
        tensor_shape=tensor_shape_pb2.TensorShapeProto(),
        tensor_content=np.array(value, PACKED[kind]).tobytes(),
    )


def tensor_values(step):
    """The summary values of one step; only the first of a tag says what it is."""
    number = 1.1 * (step + 1)
    tensors = {f"listed/{kind}": tensor_util.make_tensor_proto(np.array(number).astype(dtype)) for kind, dtype in LISTED.items()}
    tensors |= {f"packed/{kind}": packed(kind, number) for kind in PACKED}
    metadata = scalar_metadata.create_summary_metadata(None, None) if step == 0 else None
    return [summary_pb2.Summary.Value(tag=tag, tensor=tensor, metadata=metadata) for tag, tensor in tensors.items()]


def other_values():
    """Summaries that are no scalars, one of them a tensor of one number."""
    text = summary_pb2.Summary.Value(
        tag="notes",
        tensor=tensor_util.make_tensor_proto(np.array(b"hello", dtype=object)),
        metadata=text_metadata.create_summary_metadata(None, None),
    )
    unknown = summary_pb2.Summary.Value(tag="unknown", tensor=tensor_util.make_tensor_proto(np.float32(1)))
    histogram = summary_pb2.Summary.Value(tag="weights", histo=summary_pb2.HistogramProto(num=1, bucket_limit=[1], bucket=[1]))
    return [text, unknown, histogram]


def write_tensorboard(path):
    with open(path, "wb") as file:
        records = RecordWriter(file)
        events = [event_pb2.Event(wall_time=START, file_version="brain.Event:2")]
        for step in range(3):
            values = tensor_values(step)
            values.append(summary_pb2.Summary.Value(tag="simple", simple_value=0.1 * step))
            if step == 1:
                values = other_values() + values
            summary = summary_pb2.Summary(value=values)
            events.append(event_pb2.Event(wall_time=START + step, step=step * 1000, summary=summary))
        events.append(event_pb2.Event(session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.STOP)))
        for event in events:
            records.write(event.SerializeToString(deterministic=True))


def write_tensorboardx(path):
    with tempfile.TemporaryDirectory() as folder:
        with tensorboardX.SummaryWriter(folder, write_to_disk=True) as writer:
            for step in range(20):
                writer.add_scalar("train/episode_reward", 10.5 * step, step * 500, walltime=START + step)
                writer.add_scalar("loss/critic", 1 / (step + 1), step * 500, walltime=START + step)
            writer.add_histogram("weights", np.arange(9.0), 0)
            writer.add_image("picture", np.zeros((3, 4, 5), np.uint8), 0)
            writer.add_text("notes", "hello", 0)
        (written,) = pathlib.Path(folder).iterdir()
        shutil.copy(written, path)


def expected(path):
    events = EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    points = {tag: [(e.step, e.wall_time, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    for tag, metadata in events.summary_metadata.items():
        if metadata.plugin_data.plugin_name == "scalars":
            points[tag] = [(e.step, e.wall_time, number(e.tensor_proto)) for e in events.Tensors(tag)]
    return points


def number(tensor):
    return float(tensor_util.make_ndarray(tensor).item())


if __name__ == "__main__":
    write_tensorboard(HERE / "tensorboard.tfevents")
    write_tensorboardx(HERE / "tensorboardx.tfevents")
    contents = {path.name: expected(path) for path in sorted(HERE.glob("*.tfevents"))}
    (HERE / "expected.json").write_text(json.dumps(contents, indent=1, sort_keys=True) + "\n")
