//! A type definition's bytes: gob's `wireType`, a struct like any other. Go: type.go, wireType.

use super::{
    GobError,
    reader::Reader,
    types::{Definition, Field, Kind, Marshaler, TypeId},
    writer::Write,
};

/// Reads the definition that follows a negative type id.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Definition, GobError> {
    let mut found = None;
    fields(reader, 7, |reader, field| {
        // Go: keeps several kinds of one id side by side; no Go program writes that.
        let definition = body(reader, field)?;
        found
            .replace(definition)
            .map_or(Ok(()), |_| Err(GobError::BadDefinition))
    })?;
    Ok(found.unwrap_or(Definition {
        name: String::new(),
        kind: Kind::Empty,
    }))
}

/// Appends the definition of `id`; `wire_id` maps the ids it refers to.
pub(super) fn write(
    out: &mut Vec<u8>,
    id: i64,
    definition: &Definition,
    wire_id: impl Fn(TypeId) -> i64,
) {
    out.uint(tag(&definition.kind));
    write_common(out, &definition.name, id);
    match &definition.kind {
        Kind::Array { elem, len } => {
            out.push(1);
            out.int(wire_id(*elem));
            if *len > 0 {
                out.push(1);
                out.int(len.cast_signed());
            }
        }
        Kind::Slice { elem } => write_ids(out, &[wire_id(*elem)]),
        Kind::Map { key, elem } => write_ids(out, &[wire_id(*key), wire_id(*elem)]),
        Kind::Struct(fields) => write_fields(out, fields, wire_id),
        Kind::Opaque(_) | Kind::Empty => {}
    }
    out.extend([0, 0]);
}

/// The wireType's field number plus one, which is the first delta.
fn tag(kind: &Kind) -> u64 {
    match kind {
        Kind::Array { .. } => 1,
        Kind::Slice { .. } => 2,
        Kind::Struct(_) => 3,
        Kind::Map { .. } => 4,
        Kind::Opaque(Marshaler::Gob) => 5,
        Kind::Opaque(Marshaler::Binary) => 6,
        Kind::Opaque(Marshaler::Text) | Kind::Empty => 7,
    }
}

/// CommonType{Name, Id}, field 0 of every kind.
fn write_common(out: &mut Vec<u8>, name: &str, id: i64) {
    out.push(1);
    if !name.is_empty() {
        out.push(1);
        out.bytes(name.as_bytes());
    }
    out.push(if name.is_empty() { 2 } else { 1 });
    out.int(id);
    out.push(0);
}

fn write_ids(out: &mut Vec<u8>, ids: &[i64]) {
    for id in ids {
        out.push(1);
        out.int(*id);
    }
}

fn write_fields(out: &mut Vec<u8>, fields: &[Field], wire_id: impl Fn(TypeId) -> i64) {
    if fields.is_empty() {
        return;
    }
    out.push(1);
    out.count(fields.len());
    for field in fields {
        out.push(1);
        out.bytes(field.name.as_bytes());
        write_ids(out, &[wire_id(field.ty)]);
        out.push(0);
    }
}

fn body(reader: &mut Reader<'_>, kind: usize) -> Result<Definition, GobError> {
    let (mut name, mut ids, mut len, mut members) = (String::new(), [0, 0], 0, Vec::new());
    fields(reader, FIELDS[kind], |reader, field| {
        match (kind, field) {
            (_, 0) => name = common(reader)?,
            (STRUCT, 1) => members = struct_fields(reader)?,
            (ARRAY, 2) => len = reader.int()?,
            (_, number) => ids[number - 1] = reader.int()?,
        }
        Ok(())
    })?;
    let kind = match kind {
        ARRAY => Kind::Array {
            elem: TypeId::new(ids[0])?,
            len: u64::try_from(len).map_err(|_| GobError::BadDefinition)?,
        },
        SLICE => Kind::Slice {
            elem: TypeId::new(ids[0])?,
        },
        STRUCT => Kind::Struct(members),
        MAP => Kind::Map {
            key: TypeId::new(ids[0])?,
            elem: TypeId::new(ids[1])?,
        },
        4 => Kind::Opaque(Marshaler::Gob),
        5 => Kind::Opaque(Marshaler::Binary),
        _ => Kind::Opaque(Marshaler::Text),
    };
    Ok(Definition { name, kind })
}

const ARRAY: usize = 0;
const SLICE: usize = 1;
const STRUCT: usize = 2;
const MAP: usize = 3;
/// How many fields each kind of wireType has, CommonType included.
const FIELDS: [usize; 7] = [3, 2, 2, 3, 1, 1, 1];

/// The name; the id inside is ignored, as Go does.
fn common(reader: &mut Reader<'_>) -> Result<String, GobError> {
    let mut name = String::new();
    fields(reader, 2, |reader, field| {
        match field {
            0 => name = text(reader)?,
            _ => drop(TypeId::new(reader.int()?)?),
        }
        Ok(())
    })?;
    Ok(name)
}

fn struct_fields(reader: &mut Reader<'_>) -> Result<Vec<Field>, GobError> {
    let count = reader.uint()?;
    let mut members = Vec::new();
    for _ in 0..count {
        // Each field takes a byte at least: a declared count is never believed.
        if reader.is_empty() {
            return Err(GobError::UnexpectedEnd);
        }
        members.push(struct_field(reader)?);
    }
    Ok(members)
}

fn struct_field(reader: &mut Reader<'_>) -> Result<Field, GobError> {
    let (mut name, mut ty) = (String::new(), 0);
    fields(reader, 2, |reader, field| {
        match field {
            0 => name = text(reader)?,
            _ => ty = reader.int()?,
        }
        Ok(())
    })?;
    Ok(Field {
        name,
        ty: TypeId::new(ty)?,
    })
}

fn text(reader: &mut Reader<'_>) -> Result<String, GobError> {
    let bytes = reader.bytes()?;
    String::from_utf8(bytes.to_vec()).map_err(|_| GobError::NameNotUtf8)
}

/// Walks a struct's fields. Go: decode.go, decodeStruct: the end of the message ends it too.
pub(super) fn fields(
    reader: &mut Reader<'_>,
    count: usize,
    mut each: impl FnMut(&mut Reader<'_>, usize) -> Result<(), GobError>,
) -> Result<(), GobError> {
    let mut next = 0;
    while let Some(field) = next_field(reader, next, count)? {
        each(reader, field)?;
        next = field + 1;
    }
    Ok(())
}

/// The number of the field that follows, counted from `next`; `None` at the struct's end.
pub(super) fn next_field(
    reader: &mut Reader<'_>,
    next: usize,
    count: usize,
) -> Result<Option<usize>, GobError> {
    if reader.is_empty() {
        return Ok(None);
    }
    let Some(skipped) = reader.uint()?.checked_sub(1) else {
        return Ok(None);
    };
    let skipped = usize::try_from(skipped).map_err(|_| GobError::FieldNumber)?;
    let field = next.checked_add(skipped).filter(|field| *field < count);
    field.map(Some).ok_or(GobError::FieldNumber)
}
