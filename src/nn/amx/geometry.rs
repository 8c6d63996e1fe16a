//! How large the maps are, and how they lie in memory.

use super::FILTERS;
use super::tiles::BLOCK;

/// The feature map after a layer, of `size` positions a side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Map {
    pub size: usize,
    /// Positions that the layer's blocks write: those of the map, and some beyond its end.
    pub written: usize,
}

/// Of an image and of the map after each layer. All maps have the same pitch and take the same
/// space.
#[derive(Clone, Debug)]
pub(super) struct Geometry {
    /// Pixels a side.
    size: usize,
    pub channels: usize,
    /// Positions from one row of a map to the next: pairs of pixels in a row of the image, made
    /// even, so that rows begin with the same place of a pair.
    pub pitch: usize,
    /// Positions that a map has space for: what blocks write, and what filters reach beyond it.
    pub positions: usize,
    pub maps: Vec<Map>,
    /// Where the features of a channel lie in the last map.
    pub valid: Vec<usize>,
}

impl Geometry {
    /// For an image that is large enough for so many layers.
    pub fn new(size: usize, channels: usize, layers: usize) -> Self {
        let pitch = size.div_ceil(2).next_multiple_of(2);
        let map = |layer: usize| {
            let size = (size - 1) / 2 - 2 * layer;
            Map { size, written: (size * pitch).next_multiple_of(BLOCK) }
        };
        let maps: Vec<Map> = (0..layers).map(map).collect();
        let beyond = (2 * pitch + 2).next_multiple_of(BLOCK);
        let positions = maps[0].written + beyond;
        let last = maps[layers - 1].size;
        let valid = (0..last * last).map(|index| index / last * pitch + index % last).collect();
        Self { size, channels, pitch, positions, maps, valid }
    }

    /// Numbers in an image.
    pub fn image_len(&self) -> usize {
        self.size * self.size * self.channels
    }

    /// Numbers in a row of an image.
    pub fn image_row(&self) -> usize {
        self.size * self.channels
    }

    /// Numbers from one position of the first map to the next: two pixels.
    pub fn stride(&self) -> usize {
        2 * self.channels
    }

    /// Rows of 32 numbers that a row of a patch takes: three pixels.
    pub fn groups(&self) -> usize {
        (3 * self.channels).div_ceil(FILTERS)
    }

    /// Positions of the first map that begin in a row of the image.
    pub fn across(&self) -> usize {
        self.size.div_ceil(2)
    }

    /// Numbers of a row of the image, and what is read beyond its end.
    pub fn padded_row(&self) -> usize {
        self.across() * self.stride() + self.groups() * FILTERS
    }

    /// Where the patches' rows that begin in row `y` of the image lie, of a group.
    pub fn patch_row(&self, y: usize, group: usize) -> usize {
        (y % 2 * self.groups() + group) * self.positions + y / 2 * self.pitch
    }

    /// Rows in the spaces of all maps.
    pub fn maps_len(&self) -> usize {
        self.maps.len() * self.positions
    }

    /// Numbers in the features of an image.
    pub fn features_len(&self) -> usize {
        self.valid.len() * FILTERS
    }

    /// Positions that the last element of a filter lies beyond the first.
    pub fn reach(&self) -> usize {
        2 * self.pitch + 2
    }

    /// Where each row of the patch at position 0 lies, group by group.
    pub fn patch(&self) -> impl Iterator<Item = usize> {
        let groups = self.groups();
        (0..3 * groups).map(move |index| self.patch_row(index / groups, index % groups))
    }

    /// Rows of all patches.
    pub fn patches_len(&self) -> usize {
        2 * self.groups() * self.positions
    }

    /// Positions that the elements of a filter at position 0 see.
    pub fn filter(&self) -> impl Iterator<Item = usize> {
        let pitch = self.pitch;
        (0..9).map(move |element| element / 3 * pitch + element % 3)
    }
}
