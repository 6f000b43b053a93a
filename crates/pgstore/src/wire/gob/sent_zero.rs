//! Zero values that Go sends all the same.

use super::{
    types::{Type, TypeId, Types},
    value::Value,
};

/// The greatest number of elements that are filled in.
const MAX_ELEMENTS: u64 = 1024;

impl Types {
    /// The fields of a struct that Go sends though they are zero, with their numbers: arrays of maps.
    /// Go sends the arrays' elements, so that the maps are empty and not nil.
    // Go: encode.go, encOpFor: arrays are always sent, their elements with sendZero.
    pub(crate) fn sent_arrays(&self, ty: TypeId) -> Vec<(usize, Value)> {
        let fields = self.fields(ty).iter().enumerate();
        fields
            .filter_map(|(number, field)| Some((number, self.sent_zero(field.ty)?)))
            .collect()
    }

    /// The zero value of an array of maps.
    pub(crate) fn sent_zero(&self, ty: TypeId) -> Option<Value> {
        let (mut lens, mut ty, mut total) = (Vec::new(), ty, 1_u64);
        while let Type::Array { elem, len } = self.resolve(ty)? {
            total = total
                .checked_mul(len)
                .filter(|total| *total <= MAX_ELEMENTS)?;
            lens.push(usize::try_from(len).ok()?);
            ty = elem;
            if lens.len() > 8 {
                return None;
            }
        }
        let is_map = matches!(self.resolve(ty)?, Type::Map { .. });
        let zero = lens.iter().rev().fold(Value::Map(Vec::new()), |elem, len| {
            Value::Array(vec![elem; *len])
        });
        (is_map && !lens.is_empty()).then_some(zero)
    }
}
