use std::collections::BTreeMap;

use super::shape::Shape;

/// The types that a Go program declares, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeclaredShapes(BTreeMap<String, Shape>);

/// How many names may stand for each other until one stands for a type. Ends circles.
const MAX_ALIASES: usize = 16;

impl DeclaredShapes {
    /// Adds a declaration. Returns false if the text does not show a type.
    pub(crate) fn declare(&mut self, name: String, declaration: &str) -> bool {
        let shape = Shape::of(declaration.trim());
        let is_shown = shape != Shape::Unknown;
        if is_shown {
            self.0.insert(name, shape);
        }
        is_shown
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The shape that a name stands for. The name itself if that has not been declared.
    pub(crate) fn resolve<'a>(&'a self, shape: &'a Shape) -> &'a Shape {
        let mut found = shape;
        for _ in 0..MAX_ALIASES {
            match found {
                Shape::Named(name) => match self.find(name) {
                    Some(next) => found = next,
                    None => return found,
                },
                _ => return found,
            }
        }
        found
    }

    /// A registered name has the import path, the text of a type only its last element.
    fn find(&self, name: &str) -> Option<&Shape> {
        let text = name.rsplit('/').next();
        self.0.get(name).or_else(|| self.0.get(text?))
    }
}
