//! How large the maps are, and how they lie in memory.

use super::FILTERS;

/// The image: `size` pixels a side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Image {
    pub size: usize,
    pub channels: usize,
}

/// A feature map of `size` positions a side, kept in a square of `side`, channels last. The square
/// is larger where tiles reach over the map's edge: those of its own layer write `written` positions
/// a side, those of the next one read all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Map {
    pub size: usize,
    pub written: usize,
    pub side: usize,
}

impl Map {
    /// Numbers in the square.
    pub fn len(&self) -> usize {
        self.side * self.side * FILTERS
    }
}

/// How a 3x3 layer's output is cut into tiles of 4x4: how many there are along each side, and the
/// sides of the squares that hold its input and its output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiles {
    pub across: usize,
    pub from: usize,
    pub to: usize,
}

/// The image and the map after each layer.
#[derive(Clone, Debug)]
pub(super) struct Geometry {
    pub image: Image,
    pub maps: Vec<Map>,
}

impl Geometry {
    /// For an image that is large enough for so many layers.
    pub fn new(image: Image, layers: usize) -> Self {
        let size = |layer: usize| (image.size - 1) / 2 - 2 * layer;
        let written = |layer: usize| match layer {
            0 => size(0),
            layer => 4 * size(layer).div_ceil(4),
        };
        let read = |layer: usize| if layer + 1 < layers { written(layer + 1) + 2 } else { 0 };
        let map = |layer| Map {
            size: size(layer),
            written: written(layer),
            side: written(layer).max(read(layer)),
        };
        Self { image, maps: (0..layers).map(map).collect() }
    }

    /// Numbers in an image.
    pub fn image_len(&self) -> usize {
        self.image.size * self.image.size * self.image.channels
    }

    /// Numbers in all maps of an image.
    pub fn maps_len(&self) -> usize {
        self.maps.iter().map(Map::len).sum()
    }

    /// Numbers in the features of an image.
    pub fn features_len(&self) -> usize {
        let size = self.last().size;
        size * size * FILTERS
    }

    pub fn last(&self) -> Map {
        *self.maps.last().expect("an encoder has at least one layer")
    }

    /// The tiles of a layer, which is not the first.
    pub fn tiles(&self, layer: usize) -> Tiles {
        let (from, to) = (self.maps[layer - 1], self.maps[layer]);
        Tiles { across: to.size.div_ceil(4), from: from.side, to: to.side }
    }
}
