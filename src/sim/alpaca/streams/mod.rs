//! WebSockets: what is common to the market data and the event sockets.

pub(super) mod data;
pub(super) mod messages;
pub(super) mod trading;
mod wanted;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use messages::Format;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

/// Whether a handshake asks for MessagePack.
fn format_of(headers: &HeaderMap) -> Format {
    let kind = headers.get(CONTENT_TYPE);
    match kind.is_some_and(|kind| kind == "application/msgpack") {
        true => Format::Pack,
        false => Format::Json,
    }
}

/// A message as text.
fn as_text(value: &Value) -> Message {
    Message::text(value.to_string())
}

/// A message as text in a binary frame.
fn as_binary(value: &Value) -> Message {
    Message::binary(value.to_string().into_bytes())
}

/// A message as MessagePack.
fn as_pack(value: &Value) -> Message {
    let mut packed = Vec::new();
    messages::pack_value(&mut packed, value);
    Message::binary(packed)
}

/// A message of a client as JSON, whether it came as text, as JSON in a binary frame or as MessagePack.
fn read(message: &Message, format: Format) -> Option<Value> {
    match (message, format) {
        (Message::Text(text), _) => serde_json::from_str(text.as_str()).ok(),
        (Message::Binary(data), _) if data.first() == Some(&b'{') => {
            serde_json::from_slice(data).ok()
        }
        (Message::Binary(data), Format::Pack) => unpack(&mut data.as_ref(), 0),
        (Message::Binary(data), Format::Json) => serde_json::from_slice(data).ok(),
        (Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_), _) => None,
    }
}

/// Deepest MessagePack that is read.
const DEEPEST: u8 = 8;

fn unpack(input: &mut &[u8], depth: u8) -> Option<Value> {
    use rmp::Marker;
    if depth > DEEPEST {
        return None;
    }
    let mut ahead: &[u8] = input;
    match rmp::decode::read_marker(&mut ahead).ok()? {
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
            let length = rmp::decode::read_str_len(input).ok()? as usize;
            let (text, rest) = input.split_at_checked(length)?;
            *input = rest;
            Some(std::str::from_utf8(text).ok()?.into())
        }
        Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
            let length = rmp::decode::read_array_len(input).ok()?;
            (0..length).map(|_| unpack(input, depth + 1)).collect()
        }
        Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => {
            let length = rmp::decode::read_map_len(input).ok()?;
            let mut fields = serde_json::Map::new();
            for _ in 0..length {
                let name = unpack(input, depth + 1)?.as_str()?.to_owned();
                fields.insert(name, unpack(input, depth + 1)?);
            }
            Some(Value::Object(fields))
        }
        Marker::True | Marker::False => rmp::decode::read_bool(input).ok().map(Value::Bool),
        Marker::Null => rmp::decode::read_nil(input).ok().map(|()| Value::Null),
        Marker::FixPos(_)
        | Marker::FixNeg(_)
        | Marker::U8
        | Marker::U16
        | Marker::U32
        | Marker::U64
        | Marker::I8
        | Marker::I16
        | Marker::I32
        | Marker::I64 => rmp::decode::read_int::<i64, _>(input).ok().map(Value::from),
        Marker::Bin8
        | Marker::Bin16
        | Marker::Bin32
        | Marker::Ext8
        | Marker::Ext16
        | Marker::Ext32
        | Marker::FixExt1
        | Marker::FixExt2
        | Marker::FixExt4
        | Marker::FixExt8
        | Marker::FixExt16
        | Marker::F32
        | Marker::F64
        | Marker::Reserved => None,
    }
}
