"""Prints as JSON what TensorBoard's embedding projector serves of a folder, as a browser asks for it."""

import io
import json
import sys

from PIL import Image
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin
from werkzeug.test import Client


def main(folder):
    apps = ProjectorPlugin(TBContext(logdir=folder)).get_plugin_apps()

    def get(route, **query):
        response = Client(apps[route]).get("/", query_string=query)
        assert response.status_code == 200, (route, response.get_data(as_text=True))
        return response.get_data()

    (run,) = json.loads(get("/runs"))
    (embedding,) = json.loads(get("/info", run=run))["embeddings"]
    of_it = {"run": run, "name": embedding["tensorName"]}
    lines = get("/metadata", **of_it).decode().splitlines()
    sprite = Image.open(io.BytesIO(get("/sprite_image", **of_it)))
    found = {
        "shape": embedding["tensorShape"],
        "thumbnail": embedding["sprite"]["singleImageDim"],
        "tensor_bytes": len(get("/tensor", **of_it)),
        "metadata": [line.split("\t") for line in lines],
        "sprite": [sprite.format, sprite.mode, *sprite.size],
    }
    json.dump(found, sys.stdout)


main(sys.argv[1])
