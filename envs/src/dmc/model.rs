//! Models of the suite: files of dm_control, some with parts added or taken out before MuJoCo
//! compiles them, as dm_control does it.

use std::fs;
use std::path::Path;

use mujoco_rs::prelude::*;
use mujoco_rs::wrappers::mj_auxiliary::MjVfs;
use xmltree::{Element, EmitterConfig, XMLNode};

use crate::error::EnvError;

/// Where a task's model comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Model {
    /// A file of the suite, such as `cartpole.xml`.
    File(&'static str),
    /// The same, after edits.
    Edited(&'static str, fn(&mut Tree) -> Result<(), EnvError>),
    /// The same, after edits that give it a number of parts. The task's name ends with that number.
    OfParts(&'static str, fn(&mut Tree, u32) -> Result<(), EnvError>, u32),
}

impl Model {
    /// Compiles the model.
    ///
    /// # Errors
    /// [`EnvError::Model`], or if the edits miss something in the file.
    pub(super) fn compile(self, suite: &Path) -> Result<MjModel, EnvError> {
        let path = suite.join(self.file());
        match self {
            Self::File(_) => {
                MjModel::from_xml(&path).map_err(|error| broken(&path, &error.to_string()))
            }
            Self::Edited(_, edit) => Tree::edited(&path, edit),
            Self::OfParts(_, edit, parts) => Tree::edited(&path, |tree| edit(tree, parts)),
        }
    }

    /// Name of the file.
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::File(file) | Self::Edited(file, _) | Self::OfParts(file, ..) => file,
        }
    }
}

/// A model as its XML file has it.
#[derive(Debug)]
pub(super) struct Tree {
    root: Element,
}

impl Tree {
    /// Compiles a file after edits.
    fn edited(
        path: &Path,
        edit: impl FnOnce(&mut Self) -> Result<(), EnvError>,
    ) -> Result<MjModel, EnvError> {
        let mut tree = Self::read(path)?;
        edit(&mut tree)?;
        tree.compile(path)
    }

    fn read(path: &Path) -> Result<Self, EnvError> {
        let text = fs::read(path).map_err(|error| broken(path, &error.to_string()))?;
        Self::parse(&text).map_err(|reason| broken(path, &reason))
    }

    fn parse(text: &[u8]) -> Result<Self, String> {
        let root = Element::parse(text).map_err(|error| error.to_string())?;
        Ok(Self { root })
    }

    /// Compiles the text under the file's own path, so that what it includes is found.
    fn compile(&self, path: &Path) -> Result<MjModel, EnvError> {
        let mut text = Vec::new();
        let written = self.root.write_with_config(&mut text, EmitterConfig::new());
        written.map_err(|error| broken(path, &error.to_string()))?;
        let mut files = MjVfs::new();
        let added = files.add_from_buffer(path, &text);
        added.map_err(|error| broken(path, &error.to_string()))?;
        MjModel::from_xml_vfs(path, &files).map_err(|error| broken(path, &error.to_string()))
    }

    /// The part of the file at a path of tags, the first at each level, such as
    /// `["worldbody", "body"]`.
    ///
    /// # Errors
    /// [`EnvError::MissingName`].
    pub(super) fn at(&mut self, tags: &[&str]) -> Result<&mut Element, EnvError> {
        tags.iter().try_fold(&mut self.root, |element, &tag| {
            element.get_mut_child(tag).ok_or_else(|| missing("element", tag))
        })
    }

    /// The element of a name, wherever it is.
    ///
    /// # Errors
    /// [`EnvError::MissingName`].
    pub(super) fn named(
        &mut self,
        tag: &'static str,
        name: &str,
    ) -> Result<&mut Element, EnvError> {
        find(&mut self.root, &|element| is_named(element, tag, name))
            .ok_or_else(|| missing(tag, name))
    }

    /// Takes the element of a name out, with all that is in it.
    ///
    /// # Errors
    /// [`EnvError::MissingName`].
    pub(super) fn remove(&mut self, tag: &'static str, name: &str) -> Result<(), EnvError> {
        let is_it =
            |node: &XMLNode| node.as_element().is_some_and(|element| is_named(element, tag, name));
        let holds_it = |element: &Element| element.children.iter().any(is_it);
        let parent = find(&mut self.root, &holds_it).ok_or_else(|| missing(tag, name))?;
        parent.children.retain(|node| !is_it(node));
        Ok(())
    }
}

/// An element with attributes, such as `element("joint", &[("name", "hinge")])`.
pub(super) fn element(tag: &str, attributes: &[(&str, &str)]) -> Element {
    let mut element = Element::new(tag);
    for &(name, value) in attributes {
        set(&mut element, name, value);
    }
    element
}

/// Sets an attribute.
pub(super) fn set(element: &mut Element, name: &str, value: impl ToString) {
    element.attributes.insert(name.into(), value.to_string());
}

/// Multiplies the numbers of an attribute.
///
/// # Errors
/// [`EnvError::MissingName`] where it holds none.
pub(super) fn scale(element: &mut Element, name: &str, factor: f64) -> Result<(), EnvError> {
    let numbers = element.attributes.get(name).map_or("", String::as_str).split_whitespace();
    let scaled = numbers.map(|number| number.parse().map(|number: f64| number * factor));
    let scaled: Vec<f64> = scaled.collect::<Result<_, _>>().unwrap_or_default();
    if scaled.is_empty() {
        return Err(missing("list of numbers", name));
    }
    set(element, name, scaled.iter().map(f64::to_string).collect::<Vec<_>>().join(" "));
    Ok(())
}

/// Puts an element at the end of another, and gives it back.
pub(super) fn append(parent: &mut Element, child: Element) -> &mut Element {
    parent.children.push(XMLNode::Element(child));
    let last = parent.children.last_mut().and_then(XMLNode::as_mut_element);
    last.expect("an element was appended")
}

fn is_named(element: &Element, tag: &str, name: &str) -> bool {
    element.name == tag && element.attributes.get("name").is_some_and(|value| value == name)
}

/// The first element, depth first, of which something holds.
fn find<'a>(element: &'a mut Element, holds: &dyn Fn(&Element) -> bool) -> Option<&'a mut Element> {
    if holds(element) {
        return Some(element);
    }
    element
        .children
        .iter_mut()
        .filter_map(XMLNode::as_mut_element)
        .find_map(|child| find(child, holds))
}

fn missing(kind: &'static str, name: &str) -> EnvError {
    EnvError::MissingName { kind, name: name.to_owned() }
}

/// The error for a model that MuJoCo does not take; its reasons have several lines.
pub(super) fn broken(path: &Path, reason: &str) -> EnvError {
    let reason = reason.lines().collect::<Vec<_>>().join(", ");
    EnvError::Model { path: path.to_owned(), reason }
}
