//! Where there is no AMX: what stands in for its passes and is never made.

use super::images::{ImagePasses, Images, Layer};

#[derive(Debug)]
pub(super) enum Amx {}

impl Amx {
    pub fn new(_size: usize, _channels: usize, _layers: usize) -> Option<Self> {
        None
    }

    pub fn is_available() -> bool {
        false
    }
}

impl ImagePasses for Amx {
    type Number = u16;

    fn features_len(&self) -> usize {
        match *self {}
    }

    fn maps_len(&self) -> usize {
        match *self {}
    }

    fn features(&self, _: &[Layer<'_>], _: Images<'_>, _: &mut [u16]) {
        match *self {}
    }

    fn record(&self, _: &[Layer<'_>], _: Images<'_>, _: &mut [u16], _: &mut [u16]) {
        match *self {}
    }

    fn gradients(
        &self,
        _: &[Layer<'_>],
        _: Images<'_>,
        _: &[u16],
        _: &[&[u16]],
    ) -> Vec<Vec<Vec<f32>>> {
        match *self {}
    }
}
