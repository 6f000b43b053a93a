//! Whether Go can decode a value into the types that the Go program declares.

use std::collections::{HashMap, HashSet};

use crate::wire::gob::{
    declared_shapes::DeclaredShapes,
    shape::Shape,
    time::Time,
    types::{Type, TypeId, Types},
    value::{GoValue, Value},
};

/// Why Go would refuse a value, and with it the whole session, or read another value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Misfit {
    /// The path to the field, such as `Home.Street`. Empty for the value itself.
    pub(super) field: String,
    pub(super) reason: &'static str,
}

type Checked = Result<(), Misfit>;

/// Checks a new value against the declarations. What has not been declared is not checked.
pub(super) fn check(shapes: &DeclaredShapes, new: &GoValue, old: Option<&GoValue>) -> Checked {
    if shapes.is_empty() {
        return Ok(());
    }
    let mut implementers = Implementers::default();
    if let Some(old) = old {
        implementers.collect_of(shapes, old);
    }
    ValueCheck {
        shapes,
        implementers: &implementers,
    }
    .go_value(new)
}

struct ValueCheck<'a> {
    shapes: &'a DeclaredShapes,
    implementers: &'a Implementers<'a>,
}

impl ValueCheck<'_> {
    fn go_value(&self, value: &GoValue) -> Checked {
        let shape = Shape::of_value(&value.name, &value.types, value.ty);
        let mut types = TypeCheck {
            shapes: self.shapes,
            types: &value.types,
            seen: HashSet::new(),
            structs: HashMap::new(),
        };
        types.check(&shape, value.ty)?;
        self.value(&shape, value.ty, &value.types, &value.value)
    }

    fn value(&self, shape: &Shape, ty: TypeId, types: &Types, value: &Value) -> Checked {
        let resolved = self.shapes.resolve(shape);
        match value {
            Value::Int(value) => fits(resolved.holds_int(*value), "the integer is too large"),
            Value::Uint(value) => fits(resolved.holds_uint(*value), "the integer is too large"),
            Value::Float(value) => fits(
                is_exact(resolved, *value),
                "a float32 cannot hold the number",
            ),
            Value::Complex(re, im) => fits(
                is_exact(resolved, *re) && is_exact(resolved, *im),
                "a complex64 cannot hold the number",
            ),
            Value::Opaque(bytes) => fits(
                !matches!(resolved, Shape::Marshaler(_))
                    || !Time::is_accepted(bytes)
                    || self.implementers.have_times(shape),
                "no value shows that the type takes a time",
            ),
            Value::Slice(items) | Value::Array(items) => {
                let (_, elem) = parts(types, ty);
                let mut items = items.iter();
                items.try_for_each(|item| self.value(resolved.elem(), elem, types, item))
            }
            Value::Map(pairs) => {
                let (key_type, elem) = parts(types, ty);
                pairs.iter().try_for_each(|(key, value)| {
                    self.value(resolved.key(), key_type, types, key)?;
                    self.value(resolved.elem(), elem, types, value)
                })
            }
            Value::Struct(fields) => self.fields(resolved, ty, types, fields),
            Value::Interface(Some(value)) => {
                let is_open = !matches!(resolved, Shape::Methods | Shape::Named(_));
                let is_known = is_open || self.implementers.has(shape, &value.name);
                fits(
                    is_known,
                    "no value shows that the type has the methods of the interface",
                )?;
                self.go_value(value)
            }
            _ => Ok(()),
        }
    }

    fn fields(
        &self,
        shape: &Shape,
        ty: TypeId,
        types: &Types,
        fields: &[(usize, Value)],
    ) -> Checked {
        let Shape::Struct(declared) = shape else {
            return fields.iter().try_for_each(|(number, value)| {
                let field = &types.fields(ty)[*number];
                let checked = self.value(&Shape::Unknown, field.ty, types, value);
                checked.map_err(|misfit| misfit.inside(&field.name))
            });
        };
        fields.iter().try_for_each(|(number, value)| {
            let field = &types.fields(ty)[*number];
            let checked = match declared.iter().find(|(name, _)| *name == field.name) {
                Some((_, shape)) => self.value(shape, field.ty, types, value),
                None => fits(
                    !value.has_bare_nil(),
                    "Go has no such field, and its decoder fails on a nil inside one",
                ),
            };
            checked.map_err(|misfit| misfit.inside(&field.name))
        })
    }
}

/// The check of the types alone: Go makes it before it reads a value.
struct TypeCheck<'a> {
    shapes: &'a DeclaredShapes,
    types: &'a Types,
    /// The Go types that have been checked, by name, with their definitions.
    seen: HashSet<(String, TypeId)>,
    /// The definition of each Go type.
    structs: HashMap<String, TypeId>,
}

impl TypeCheck<'_> {
    // Go: decode.go, compatibleType and compileDec.
    fn check(&mut self, shape: &Shape, ty: TypeId) -> Checked {
        let resolved = self.shapes.resolve(shape);
        let kind = self.types.resolve(ty);
        if let Shape::Named(name) = shape {
            let is_new = self.seen.insert((name.clone(), ty));
            if !is_new {
                return Ok(()); // Types may contain themselves.
            }
            let first = *self.structs.entry(name.clone()).or_insert(ty);
            fits(
                kind != Some(Type::Struct) || first == ty,
                "the Go type has two definitions in the value",
            )?;
        }
        if resolved.is_defined() {
            return Ok(());
        }
        match (resolved, kind) {
            (Shape::Struct(fields), Some(Type::Struct)) => self.check_fields(fields, ty),
            (Shape::Slice(shape), Some(Type::Slice { elem })) => self.check(shape, elem),
            (Shape::Slice(shape), Some(Type::Bytes)) => {
                fits(*self.shapes.resolve(shape) == Shape::Uint(8), WRONG_KIND)
            }
            (Shape::Array(len, shape), Some(Type::Array { elem, len: sent })) => {
                fits(*len == sent, "the length of the array differs")?;
                self.check(shape, elem)
            }
            (Shape::Map(key_shape, shape), Some(Type::Map { key, elem })) => {
                self.check(key_shape, key)?;
                self.check(shape, elem)
            }
            (shape, _) => fits(shape.accepts(self.types, ty), WRONG_KIND),
        }
    }

    fn check_fields(&mut self, declared: &[(String, Shape)], ty: TypeId) -> Checked {
        let mut matched = 0;
        for field in self.types.fields(ty) {
            if let Some((_, shape)) = declared.iter().find(|(name, _)| *name == field.name) {
                matched += 1;
                let checked = self.check(shape, field.ty);
                checked.map_err(|misfit| misfit.inside(&field.name))?;
            }
        }
        let is_empty = declared.is_empty() || self.types.fields(ty).is_empty();
        fits(is_empty || matched > 0, "Go has none of the fields")
    }
}

const WRONG_KIND: &str = "Go declares another kind of type";

/// The types that are known to implement an interface, since a value of Go has them there.
#[derive(Default)]
struct Implementers<'a> {
    interfaces: HashMap<String, HashSet<&'a str>>,
    /// The types with their own marshaler that wrote what a time writes.
    of_times: HashSet<String>,
}

impl<'a> Implementers<'a> {
    fn has(&self, interface: &Shape, name: &str) -> bool {
        let names = self.interfaces.get(&type_name(interface));
        names.is_some_and(|names| names.contains(name))
    }

    fn have_times(&self, shape: &Shape) -> bool {
        self.of_times.contains(&type_name(shape))
    }

    /// Collects inside the values of interface type in a value.
    fn collect_of(&mut self, shapes: &DeclaredShapes, value: &'a GoValue) {
        for inner in value.all() {
            let shape = Shape::of_value(&inner.name, &inner.types, inner.ty);
            self.collect(shapes, &shape, inner.ty, &inner.types, &inner.value);
        }
    }

    fn collect(
        &mut self,
        shapes: &DeclaredShapes,
        shape: &Shape,
        ty: TypeId,
        types: &Types,
        value: &'a Value,
    ) {
        let resolved = shapes.resolve(shape);
        match value {
            Value::Interface(Some(value)) => {
                let names = self.interfaces.entry(type_name(shape)).or_default();
                names.insert(&value.name);
            }
            Value::Opaque(bytes) if Time::is_accepted(bytes) => {
                self.of_times.insert(type_name(shape));
            }
            Value::Slice(items) | Value::Array(items) => {
                let (_, elem) = parts(types, ty);
                for item in items {
                    self.collect(shapes, resolved.elem(), elem, types, item);
                }
            }
            Value::Map(pairs) => {
                let (key_type, elem) = parts(types, ty);
                for (key, value) in pairs {
                    self.collect(shapes, resolved.key(), key_type, types, key);
                    self.collect(shapes, resolved.elem(), elem, types, value);
                }
            }
            Value::Struct(fields) => {
                let Shape::Struct(declared) = resolved else {
                    return;
                };
                for (number, value) in fields {
                    let field = &types.fields(ty)[*number];
                    let found = declared.iter().find(|(name, _)| *name == field.name);
                    if let Some((_, shape)) = found {
                        self.collect(shapes, shape, field.ty, types, value);
                    }
                }
            }
            _ => {}
        }
    }
}

fn type_name(shape: &Shape) -> String {
    match shape {
        Shape::Named(name) => name.clone(),
        _ => String::new(),
    }
}

/// The types of the keys and elements of a list or map.
fn parts(types: &Types, ty: TypeId) -> (TypeId, TypeId) {
    match types.resolve(ty) {
        Some(Type::Array { elem, .. } | Type::Slice { elem }) => (TypeId::INTERFACE, elem),
        Some(Type::Map { key, elem }) => (key, elem),
        _ => (TypeId::INTERFACE, TypeId::INTERFACE),
    }
}

/// Whether a float stays the same in Go's type.
#[allow(
    clippy::cast_possible_truncation,
    reason = "the comparison shows whether the value changes"
)]
fn is_exact(shape: &Shape, value: f64) -> bool {
    let is_narrow = matches!(shape, Shape::Float(32) | Shape::Complex(64));
    !is_narrow || value.is_nan() || f64::from(value as f32) == value
}

fn fits(fits: bool, reason: &'static str) -> Checked {
    fits.then_some(()).ok_or_else(|| Misfit::of(reason))
}

impl Misfit {
    fn of(reason: &'static str) -> Self {
        Self {
            field: String::new(),
            reason,
        }
    }

    fn inside(self, field: &str) -> Self {
        let field = match self.field.as_str() {
            "" => field.to_owned(),
            inner => format!("{field}.{inner}"),
        };
        Self { field, ..self }
    }
}
