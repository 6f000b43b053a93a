//! Bytes to values, as Go's decoder walks them. Go: decoder.go and decode.go.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use super::{
    definition,
    error::GobError,
    identity::MapKey,
    key_places::KeyPlaces,
    limits::{MAX_LEVELS, MAX_NAME, MEMORY_BASE, MEMORY_PER_BYTE},
    reader::Reader,
    shape::Shape,
    time::Time,
    types::{Field, Type, TypeId, Types},
    value::{self, Entry, GoValue, Value},
};

/// Decodes a string. As in Go, it may hold any bytes, and bytes after it are ignored.
///
/// ```
/// use pgstore::wire::gob;
///
/// assert_eq!(gob::decode_string(&[6, 12, 0, 3, b'a', b'b', b'c'])?, b"abc");
/// # Ok::<(), pgstore::wire::GobError>(())
/// ```
///
/// # Errors
///
/// The gob is malformed, or its value is not a string.
pub fn decode_string(gob: &[u8]) -> Result<Vec<u8>, GobError> {
    match Decoder::new(gob).whole(&Shape::String, "string")?.1 {
        Value::String(text) => Ok(text),
        _ => Err(GobError::WrongType("string".to_owned())),
    }
}

/// Decodes a value of any type, for tools that show what a gob contains.
///
/// The value of a gob itself has no registered name: [`GoValue::go_type_name`] is empty.
///
/// ```
/// use pgstore::Values;
/// use pgstore::wire::{View, gob};
///
/// let mut values = Values::new();
/// values.insert("user", "ada")?;
/// let session = gob::decode(&values.encode())?;
/// let View::Map(entries) = session.node().view() else { panic!("a session is a map") };
/// assert_eq!(entries.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The gob is malformed or exceeds the limits of this codec.
pub fn decode(gob: &[u8]) -> Result<GoValue, GobError> {
    let mut decoder = Decoder::new(gob);
    let (ty, mut value) = decoder.whole(&Shape::Unknown, "")?;
    if decoder.has_defined_late() {
        value.attach(&decoder.types);
    }
    Ok(GoValue {
        name: value::name(""),
        ty,
        types: decoder.types,
        value,
    })
}

/// The Go type of a session's values.
pub(crate) const SESSION: &str = "map[interface {}]interface {}";

/// Decodes the values of a session, in order.
pub(crate) fn decode_session(gob: &[u8]) -> Result<Vec<Entry>, GobError> {
    static SHAPE: LazyLock<Shape> = LazyLock::new(|| Shape::of(SESSION));
    let mut decoder = Decoder::new(gob);
    decoder.begin(&SHAPE, SESSION)?;
    let mut entries = decoder.session()?;
    if decoder.has_defined_late() {
        let values = entries.iter_mut().flat_map(|(key, value)| [key, value]);
        values
            .flatten()
            .for_each(|value| value.attach(&decoder.types));
    }
    Ok(entries)
}

#[derive(Clone, Copy, PartialEq)]
enum Position {
    Top,
    Interface,
}

struct Decoder<'a> {
    reader: Reader<'a>,
    types: Arc<Types>,
    /// The table that the values of interface type have. It is an old one if a type was defined after
    /// the first of them.
    given: Option<Arc<Types>>,
    /// Types that are defined together with all the types they refer to.
    complete: BTreeSet<TypeId>,
    /// Bytes of memory that decoding may still allocate.
    memory: usize,
}

impl<'a> Decoder<'a> {
    fn new(gob: &'a [u8]) -> Self {
        Self {
            reader: Reader::new(gob),
            types: Arc::default(),
            given: None,
            complete: BTreeSet::new(),
            memory: gob
                .len()
                .saturating_mul(MEMORY_PER_BYTE)
                .saturating_add(MEMORY_BASE),
        }
    }

    /// Reads the first value of the stream, and its type. As in Go, bytes after the value are ignored.
    fn whole(&mut self, shape: &Shape, name: &str) -> Result<(TypeId, Value), GobError> {
        let ty = self.begin(shape, name)?;
        Ok((ty, self.body(ty, shape, 0)?))
    }

    /// Reads the type of the stream's first value.
    fn begin(&mut self, shape: &Shape, name: &str) -> Result<TypeId, GobError> {
        let ty = self.type_sequence(Position::Top)?;
        self.admit(ty, shape, name)?;
        Ok(ty)
    }

    /// Reads the body of a session's map. Its keys and values are in no boxes.
    fn session(&mut self) -> Result<Vec<Entry>, GobError> {
        self.tag()?;
        let interface = |decoder: &mut Self| decoder.interface(1);
        self.pairs(0, interface, interface)
    }

    /// Whether a type was defined after the first value of interface type, which has an older table.
    fn has_defined_late(&self) -> bool {
        let given = self.given.as_ref();
        given.is_some_and(|given| !Arc::ptr_eq(given, &self.types))
    }

    /// Reads type definitions up to the type of the next value.
    // Go: decoder.go, decodeTypeSequence.
    fn type_sequence(&mut self, place: Position) -> Result<TypeId, GobError> {
        loop {
            if self.reader.is_empty() {
                self.reader.next_message()?;
            }
            let id = self.reader.int()?;
            if id >= 0 {
                return TypeId::new(id);
            }
            self.define(id)?;
            if !self.reader.is_empty() {
                // Inside an interface, Go writes the length of the rest here. It is not needed.
                match place {
                    Position::Top => return Err(GobError::ExtraData),
                    Position::Interface => drop(self.reader.uint()?),
                }
            }
        }
    }

    /// Reads one type definition. An ID below 64 or one already defined is an error.
    // Go: decoder.go, recvType.
    fn define(&mut self, negative: i64) -> Result<(), GobError> {
        let id = TypeId::new(
            negative
                .checked_neg()
                .ok_or(GobError::BadTypeId(negative))?,
        )?;
        if !id.is_own() || self.types.definition(id).is_some() {
            return Err(GobError::BadTypeId(id.number()));
        }
        let definition = definition::read(&mut self.reader)?;
        self.charge(definition.name.len() + definition.kind.size())?;
        // If values have the table already, this copies it, once: they get the last one at the end.
        Arc::make_mut(&mut self.types).define(id, definition);
        Ok(())
    }

    /// Checks the type of a value before the value is read.
    // Go: decode.go, compileDec and compatibleType.
    fn admit(&mut self, ty: TypeId, shape: &Shape, name: &str) -> Result<(), GobError> {
        self.complete(ty)?;
        if shape.accepts(&self.types, ty) {
            return Ok(());
        }
        Err(GobError::WrongType(name.to_owned()))
    }

    /// Checks that a type and all types it refers to are defined.
    fn complete(&mut self, ty: TypeId) -> Result<(), GobError> {
        if ty.is_basic() {
            return Ok(());
        }
        let mut open = vec![ty];
        while let Some(ty) = open.pop() {
            if self.complete.insert(ty) {
                self.types
                    .resolve(ty)
                    .ok_or(GobError::UndefinedType(ty.number()))?;
                check_names(self.types.fields(ty))?;
                open.extend((0..).map_while(|nth| self.types.part(ty, nth)));
            }
        }
        Ok(())
    }

    /// Reads a whole value. A value that is not a struct has a zero byte in front.
    // Go: decode.go, decodeSingle.
    fn body(&mut self, ty: TypeId, shape: &Shape, level: usize) -> Result<Value, GobError> {
        let is_struct = self.types.resolve(ty) == Some(Type::Struct);
        if !is_struct {
            self.tag()?;
        }
        self.value(ty, shape, level)
    }

    fn tag(&mut self) -> Result<(), GobError> {
        match self.reader.uint()? {
            0 => Ok(()),
            _ => Err(GobError::SingletonTag),
        }
    }

    fn value(&mut self, ty: TypeId, shape: &Shape, level: usize) -> Result<Value, GobError> {
        let resolved = self
            .types
            .resolve(ty)
            .ok_or(GobError::UndefinedType(ty.number()))?;
        match resolved {
            Type::Bool => Ok(Value::Bool(self.reader.uint()? != 0)),
            Type::Int => self.int(shape),
            Type::Uint => self.uint(shape),
            Type::Float => Ok(Value::Float(self.float(shape)?)),
            Type::Complex => Ok(Value::Complex(self.float(shape)?, self.float(shape)?)),
            Type::Bytes => self.bytes().map(Value::Bytes),
            Type::String => self.bytes().map(Value::String),
            Type::Interface => {
                let value = self.interface(level)?;
                Ok(Value::Interface(value.map(Box::new)))
            }
            Type::Opaque(_) => self.bytes().map(Value::Opaque),
            Type::Slice { elem } => {
                let count = self.reader.uint()?;
                self.list(elem, shape.elem(), count, level)
                    .map(Value::Slice)
            }
            Type::Array { elem, len } => {
                if self.reader.uint()? != len {
                    return Err(GobError::ArrayLength);
                }
                self.list(elem, shape.elem(), len, level).map(Value::Array)
            }
            Type::Map { key, elem } => {
                let key = |decoder: &mut Self| decoder.value(key, shape.key(), level + 1);
                let elem = |decoder: &mut Self| decoder.value(elem, shape.elem(), level + 1);
                self.pairs(level, key, elem).map(Value::Map)
            }
            Type::Struct => self.record(ty, level),
        }
    }

    fn int(&mut self, shape: &Shape) -> Result<Value, GobError> {
        let value = self.reader.int()?;
        shape
            .holds_int(value)
            .then_some(Value::Int(value))
            .ok_or(GobError::OutOfRange)
    }

    fn uint(&mut self, shape: &Shape) -> Result<Value, GobError> {
        let value = self.reader.uint()?;
        shape
            .holds_uint(value)
            .then_some(Value::Uint(value))
            .ok_or(GobError::OutOfRange)
    }

    fn float(&mut self, shape: &Shape) -> Result<f64, GobError> {
        let value = self.reader.float()?;
        shape
            .holds_float(value)
            .then_some(value)
            .ok_or(GobError::OutOfRange)
    }

    fn bytes(&mut self) -> Result<Vec<u8>, GobError> {
        let bytes = self.reader.bytes()?;
        self.charge(bytes.len())?;
        Ok(bytes.to_vec())
    }

    /// Checks the bytes of a `time.Time`. Where its definition has another name, a program has
    /// registered a type of its own under this one.
    fn check_time(&self, name: &str, ty: TypeId, value: &Value) -> Result<(), GobError> {
        let is_time = self.types.may_be_time(ty, Some(name)) && self.types.is_called(ty, "Time");
        match value {
            Value::Opaque(bytes) if is_time && !Time::is_accepted(bytes) => Err(GobError::BadTime),
            _ => Ok(()),
        }
    }

    // Go: decode.go, decodeArrayHelper.
    fn list(
        &mut self,
        elem: TypeId,
        shape: &Shape,
        count: u64,
        level: usize,
    ) -> Result<Vec<Value>, GobError> {
        descend(level)?;
        let mut list = Vec::new();
        for _ in 0..count {
            if self.reader.is_empty() {
                return Err(GobError::UnexpectedEnd);
            }
            self.charge(size_of::<Value>())?;
            list.push(self.value(elem, shape, level + 1)?);
        }
        Ok(list)
    }

    /// Reads the pairs of a map. Of equal keys, the last one wins, in the place of the first.
    // Go: decode.go, decodeMap, which panics on keys that cannot be hashed.
    fn pairs<K: MapKey, V>(
        &mut self,
        level: usize,
        key: impl Fn(&mut Self) -> Result<K, GobError>,
        elem: impl Fn(&mut Self) -> Result<V, GobError>,
    ) -> Result<Vec<(K, V)>, GobError> {
        descend(level)?;
        let (mut pairs, mut places) = (Vec::new(), KeyPlaces::default());
        for _ in 0..self.reader.uint()? {
            self.charge(size_of::<(Value, Value)>())?;
            let key = key(self)?;
            let place = places.find_or_add(&key, &pairs)?;
            let pair = (key, elem(self)?);
            match place {
                Some(place) => pairs[place] = pair,
                None => pairs.push(pair),
            }
        }
        Ok(pairs)
    }

    fn record(&mut self, ty: TypeId, level: usize) -> Result<Value, GobError> {
        descend(level)?;
        let (mut fields, mut next) = (Vec::new(), 0);
        let count = self.types.fields(ty).len();
        while let Some(field) = definition::next_field(&mut self.reader, next, count)? {
            self.charge(size_of::<(usize, Value)>())?;
            let ty = self.types.fields(ty)[field].ty;
            fields.push((field, self.value(ty, &Shape::Unknown, level + 1)?));
            next = field + 1;
        }
        Ok(Value::Struct(fields))
    }

    /// Reads a value of interface type: name, type, length, value. `None` is nil.
    ///
    /// The length is ignored. Where type definitions interrupt the value, it covers only the bytes
    /// before them.
    // Go: decode.go, decodeInterface.
    fn interface(&mut self, level: usize) -> Result<Option<GoValue>, GobError> {
        let Some(name) = self.registered_name()? else {
            return Ok(None);
        };
        let shape = Shape::certain(name);
        let ty = self.type_sequence(Position::Interface)?;
        self.reader.uint()?;
        if ty == TypeId::INTERFACE {
            return Err(GobError::WrongType(name.to_owned()));
        }
        self.admit(ty, &shape, name)?;
        self.charge(size_of::<GoValue>() + name.len())?;
        let name = value::name(name);
        let value = self.body(ty, &shape, level)?;
        self.check_time(&name, ty, &value)?;
        let types = Arc::clone(self.given.get_or_insert_with(|| Arc::clone(&self.types)));
        Ok(Some(GoValue {
            name,
            ty,
            types,
            value,
        }))
    }

    /// The registered name in front of an interface's value; `None` is nil.
    fn registered_name(&mut self) -> Result<Option<&'a str>, GobError> {
        let name = self.reader.bytes()?;
        if name.len() > MAX_NAME {
            return Err(GobError::NameTooLong);
        }
        // Go: RegisterName accepts any bytes, but type names in Go source are UTF-8.
        let name = std::str::from_utf8(name).map_err(|_| GobError::NameNotUtf8)?;
        Ok((!name.is_empty()).then_some(name))
    }

    fn charge(&mut self, bytes: usize) -> Result<(), GobError> {
        self.memory = self.memory.checked_sub(bytes).ok_or(GobError::TooLarge)?;
        Ok(())
    }
}

/// Checks that no field has an empty name.
// Go: decode.go, compileDec.
fn check_names(fields: &[Field]) -> Result<(), GobError> {
    let nameless = fields.iter().any(|field| field.name.is_empty());
    if nameless {
        Err(GobError::BadDefinition)
    } else {
        Ok(())
    }
}

/// Checks the nesting. The session's map is level 0, so each value may have `MAX_LEVELS` levels.
fn descend(level: usize) -> Result<(), GobError> {
    if level > MAX_LEVELS {
        Err(GobError::TooDeep)
    } else {
        Ok(())
    }
}
