//! The JSON Schema of the extension, made from the table of keys.
//!
//! It describes a Compose file as far as `x-tranship` goes, so an editor can apply it beside the
//! schema of the Compose specification.

use super::KEY;
use super::schema::{Field, SERVICE, Shape, TOP, VOLUME};
use serde_json::{Map, Value, json};

/// The schema, as `tranship schema` prints it.
pub fn published_schema() -> Value {
    let section = |shape: &Shape| json!({ "type": "object", "additionalProperties": object(KEY, shape) });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The x-tranship extension of a Compose file",
        "type": "object",
        "properties": {
            KEY: of(&TOP),
            "services": section(&SERVICE),
            "volumes": section(&VOLUME),
        }
    })
}

fn object(key: &str, shape: &Shape) -> Value {
    json!({ "type": ["object", "null"], "properties": { key: of(shape) } })
}

fn of(shape: &Shape) -> Value {
    match shape {
        Shape::Text("") => json!({ "type": ["string", "number"] }),
        Shape::Text(start) => {
            json!({ "type": "string", "pattern": format!("^{}", start.replace('.', "\\.")) })
        }
        Shape::Choice(words) => json!({ "enum": words }),
        Shape::Integer(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Truth => json!({ "type": "boolean" }),
        Shape::List(inner) => json!({ "type": "array", "items": of(inner) }),
        Shape::OneOrMore(inner) => {
            json!({ "oneOf": [of(inner), { "type": "array", "items": of(inner) }] })
        }
        Shape::Named(inner) => json!({ "type": "object", "additionalProperties": of(inner) }),
        Shape::NamedBy(pattern, inner) => {
            json!({ "type": "object", "propertyNames": { "pattern": pattern }, "additionalProperties": of(inner) })
        }
        Shape::Either(shapes) => json!({ "oneOf": shapes.iter().map(of).collect::<Vec<_>>() }),
        Shape::Map(tables) => mapping(tables),
    }
}

fn mapping(tables: &[&'static [Field]]) -> Value {
    let fields = || tables.iter().flat_map(|table| table.iter());
    let properties: Map<String, Value> =
        fields().map(|field| (field.name.to_owned(), described(field))).collect();
    let needed: Vec<&str> = fields().filter(|field| field.required).map(|field| field.name).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if let (Some(map), false) = (schema.as_object_mut(), needed.is_empty()) {
        map.insert("required".to_owned(), json!(needed));
    }
    schema
}

fn described(field: &Field) -> Value {
    let mut schema = of(&field.shape);
    if let Some(map) = schema.as_object_mut() {
        map.insert("description".to_owned(), json!(field.doc));
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_file_is_what_the_table_says() {
        let published: Value = serde_json::from_str(include_str!("../schema.json")).unwrap();
        assert_eq!(published, published_schema(), "run: tranship schema > src/app/schema.json");
    }
}
