//! A type definition in bytes: gob's `wireType`, encoded like any other struct.
// Go: type.go, wireType.

use super::{
    error::GobError,
    reader::Reader,
    types::{Definition, DefinitionKind, Field, Marshaler, TypeId},
    writer::Write,
};

/// Reads the definition that follows a negative type id.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Definition, GobError> {
    let mut found = None;
    fields(reader, 7, |reader, field| {
        // Go: accepts several kinds in one definition. No Go program writes that, so it is an error here.
        let definition = body(reader, field)?;
        found
            .replace(definition)
            .map_or(Ok(()), |_| Err(GobError::BadDefinition))
    })?;
    Ok(found.unwrap_or(Definition {
        name: String::new(),
        kind: DefinitionKind::Empty,
    }))
}

/// Appends the definition of `id`. `wire_id` maps the IDs that the definition refers to.
pub(super) fn write(
    out: &mut Vec<u8>,
    id: i64,
    definition: &Definition,
    wire_id: impl Fn(TypeId) -> i64,
) {
    out.uint(tag(&definition.kind));
    write_common(out, &definition.name, id);
    match &definition.kind {
        DefinitionKind::Array { elem, len } => {
            out.push(1);
            out.int(wire_id(*elem));
            if *len > 0 {
                out.push(1);
                out.int(len.cast_signed());
            }
        }
        DefinitionKind::Slice { elem } => write_ids(out, &[wire_id(*elem)]),
        DefinitionKind::Map { key, elem } => write_ids(out, &[wire_id(*key), wire_id(*elem)]),
        DefinitionKind::Struct(fields) => write_fields(out, fields, wire_id),
        DefinitionKind::Opaque(_) | DefinitionKind::Empty => {}
    }
    out.extend([0, 0]);
}

/// The number of the wireType field plus one, which is the first field delta.
fn tag(kind: &DefinitionKind) -> u64 {
    match kind {
        DefinitionKind::Array { .. } => 1,
        DefinitionKind::Slice { .. } => 2,
        DefinitionKind::Struct(_) => 3,
        DefinitionKind::Map { .. } => 4,
        DefinitionKind::Opaque(Marshaler::Gob) => 5,
        DefinitionKind::Opaque(Marshaler::Binary) => 6,
        DefinitionKind::Opaque(Marshaler::Text) | DefinitionKind::Empty => 7,
    }
}

/// Writes CommonType{Name, Id}, field 0 of every kind.
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
        ARRAY => DefinitionKind::Array {
            elem: TypeId::new(ids[0])?,
            len: u64::try_from(len).map_err(|_| GobError::BadDefinition)?,
        },
        SLICE => DefinitionKind::Slice {
            elem: TypeId::new(ids[0])?,
        },
        STRUCT => DefinitionKind::Struct(members),
        MAP => DefinitionKind::Map {
            key: TypeId::new(ids[0])?,
            elem: TypeId::new(ids[1])?,
        },
        4 => DefinitionKind::Opaque(Marshaler::Gob),
        5 => DefinitionKind::Opaque(Marshaler::Binary),
        _ => DefinitionKind::Opaque(Marshaler::Text),
    };
    Ok(Definition { name, kind })
}

const ARRAY: usize = 0;
const SLICE: usize = 1;
const STRUCT: usize = 2;
const MAP: usize = 3;
/// The number of fields of each kind of wireType, including CommonType.
const FIELDS: [usize; 7] = [3, 2, 2, 3, 1, 1, 1];

/// Reads the name. The ID next to it is ignored, as in Go.
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
        // Each field takes at least one byte, so a false count ends here.
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

/// Calls `each` for every field of a struct. The end of the message also ends the struct.
// Go: decode.go, decodeStruct.
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

/// The number of the next field, which is at least `next`. `None` at the end of the struct.
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
