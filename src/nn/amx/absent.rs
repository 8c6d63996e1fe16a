//! Where there is no AMX: what stands in for its passes and is never made.

use super::images::{Images, Layer};

pub(super) const FILTERS: usize = 32;

#[derive(Debug)]
pub(super) enum Amx {}

impl Amx {
    pub fn new(_size: usize, _channels: usize, _layers: usize) -> Option<Self> {
        None
    }

    pub fn features_len(&self) -> usize {
        match *self {}
    }

    pub fn maps_len(&self) -> usize {
        match *self {}
    }

    pub fn features(&self, _layers: &[Layer<'_>], _images: Images<'_>, _features: &mut [u16]) {
        match *self {}
    }

    pub fn record(
        &self,
        _layers: &[Layer<'_>],
        _images: Images<'_>,
        _maps: &mut [u16],
        _features: &mut [u16],
    ) {
        match *self {}
    }

    pub fn gradients(
        &self,
        _layers: &[Layer<'_>],
        _images: Images<'_>,
        _maps: &[u16],
        _at_features: &[&[u16]],
    ) -> Vec<Vec<Vec<f32>>> {
        match *self {}
    }
}
