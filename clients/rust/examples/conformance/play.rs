//! The input of the conformance runner.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use serde_json::{Map, Value};
use synthserve::Condition;

/// A play: the servers, and the cases in their order.
pub(crate) struct Play {
    pub(crate) connections: HashMap<String, Connection>,
    pub(crate) cases: Vec<Case>,
}

/// How to reach a server.
pub(crate) struct Connection {
    pub(crate) target: String,
    pub(crate) ca: Option<String>,
    pub(crate) token: Option<String>,
}

/// One case.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) connection: String,
    pub(crate) call: String,
    pub(crate) model: String,
    pub(crate) count: Option<i64>,
    pub(crate) seed: Option<i64>,
    pub(crate) offset: Option<i64>,
    pub(crate) conditions: Vec<(String, Condition)>,
    pub(crate) format: Option<String>,
    pub(crate) per_message: Option<i32>,
    pub(crate) jpeg_quality: Option<i32>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retries: bool,
    pub(crate) cancel_after: Option<i64>,
    pub(crate) pause_after: Option<i64>,
}

impl Play {
    pub(crate) fn read(json: &[u8]) -> Result<Self, Box<dyn Error>> {
        let play: Value = serde_json::from_slice(json)?;
        let connections = play["connections"].as_object().ok_or("the play has no connections")?;
        let connections = connections
            .iter()
            .map(|(name, fields)| Ok((name.clone(), Connection::read(fields)?)));
        let cases = play["cases"].as_array().ok_or("the play has no cases")?;
        Ok(Self {
            connections: connections.collect::<Result<_, Box<dyn Error>>>()?,
            cases: cases.iter().map(Case::read).collect::<Result<_, _>>()?,
        })
    }
}

impl Connection {
    fn read(value: &Value) -> Result<Self, Box<dyn Error>> {
        let fields = Fields::of(value)?;
        Ok(Self {
            target: fields.required("target")?,
            ca: fields.text("ca")?,
            token: fields.text("token")?,
        })
    }
}

impl Case {
    fn read(value: &Value) -> Result<Self, Box<dyn Error>> {
        let fields = Fields::of(value)?;
        let mut conditions = Vec::new();
        if let Some(given) = fields.0.get("where") {
            for (name, value) in given.as_object().ok_or("where is no object")? {
                conditions.push((name.clone(), condition(value)?));
            }
        }
        Ok(Self {
            name: fields.required("name")?,
            connection: fields.required("connection")?,
            call: fields.required("call")?,
            model: fields.text("model")?.unwrap_or_default(),
            count: fields.decimal("count")?,
            seed: fields.decimal("seed")?,
            offset: fields.decimal("offset")?,
            conditions,
            format: fields.text("format")?,
            per_message: fields.number("per_message")?.map(i32::try_from).transpose()?,
            jpeg_quality: fields.number("jpeg_quality")?.map(i32::try_from).transpose()?,
            timeout: fields
                .number("timeout_ms")?
                .map(u64::try_from)
                .transpose()?
                .map(Duration::from_millis),
            retries: fields.0.get("retries") != Some(&Value::Bool(false)),
            cancel_after: fields.decimal("cancel_after")?,
            pause_after: fields.decimal("pause_after")?,
        })
    }
}

/// Reads the condition of a case on a column.
fn condition(value: &Value) -> Result<Condition, Box<dyn Error>> {
    match value {
        Value::Null => Ok(Condition::missing()),
        Value::String(text) => Ok(text.into()),
        Value::Array(values) => {
            let values = values.iter().map(|value| match value {
                Value::Null => Ok(None),
                Value::String(text) => Ok(Some(text)),
                other => Err(format!("a condition cannot be one of {other}")),
            });
            Ok(values.collect::<Result<Vec<_>, _>>()?.into())
        }
        Value::Object(fields) if fields.get("missing") == Some(&Value::Bool(false)) => Ok(Condition::present()),
        value => {
            let ends = Fields::of(value)?;
            Ok((ends.text("low")?..=ends.text("high")?).into())
        }
    }
}

struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn of(value: &'a Value) -> Result<Self, Box<dyn Error>> {
        Ok(Self(value.as_object().ok_or("not an object")?))
    }

    /// A text. `null` counts as absent.
    fn text(&self, name: &str) -> Result<Option<String>, Box<dyn Error>> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(format!("{name} is no text").into()),
        }
    }

    fn required(&self, name: &str) -> Result<String, Box<dyn Error>> {
        Ok(self.text(name)?.ok_or_else(|| format!("{name} is missing"))?)
    }

    fn decimal(&self, name: &str) -> Result<Option<i64>, Box<dyn Error>> {
        Ok(self.text(name)?.map(|digits| digits.parse()).transpose()?)
    }

    fn number(&self, name: &str) -> Result<Option<i64>, Box<dyn Error>> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => Ok(Some(value.as_i64().ok_or_else(|| format!("{name} is no number"))?)),
        }
    }
}
