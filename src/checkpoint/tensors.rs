//! Tensors in a safetensors file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, View};
use tch::{Device, Kind, Tensor};

/// A tensor in main memory as the format's writer sees it.
struct Stored {
    tensor: Tensor,
    dtype: Dtype,
    shape: Vec<usize>,
}

impl View for Stored {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let mut bytes = vec![0; self.data_len()];
        self.tensor.copy_data_u8(&mut bytes, self.tensor.numel());
        bytes.into()
    }

    fn data_len(&self) -> usize {
        self.tensor.numel() * self.tensor.kind().elt_size_in_bytes()
    }
}

/// Writes named float tensors to a new file.
pub(super) fn write(tensors: &BTreeMap<String, Tensor>, path: &Path) -> io::Result<()> {
    let stored = tensors.iter().map(|(name, tensor)| {
        let dtype = match tensor.kind() {
            Kind::Float => Dtype::F32,
            Kind::Double => Dtype::F64,
            other => return Err(io::Error::other(format!("{name} has the type {other:?}"))),
        };
        let shape = tensor.size().iter().map(|&len| len as usize).collect();
        let tensor = tensor.detach().to_device(Device::Cpu).contiguous();
        Ok((name, Stored { tensor, dtype, shape }))
    });
    let stored: Vec<_> = stored.collect::<io::Result<_>>()?;
    safetensors::serialize_to_file(stored, None, path).map_err(io::Error::other)
}

/// The tensors of a file's bytes, or what is wrong with them.
pub(super) fn read(bytes: &[u8]) -> Result<BTreeMap<String, Tensor>, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let mut tensors = BTreeMap::new();
    for (name, view) in file.iter() {
        let kind = match view.dtype() {
            Dtype::F32 => Kind::Float,
            Dtype::F64 => Kind::Double,
            other => return Err(format!("{name} has the type {other:?}, expected F32 or F64")),
        };
        let shape: Vec<i64> = view.shape().iter().map(|&len| len as i64).collect();
        let tensor = Tensor::f_from_data_size(view.data(), &shape, kind)
            .map_err(|error| format!("{name}: {error}"))?;
        tensors.insert(name.to_string(), tensor);
    }
    Ok(tensors)
}
