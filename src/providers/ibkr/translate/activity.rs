//! Executions. A correction repeats the id of what it corrects with a higher revision behind it.

use super::symbol::{Contract, class, share};
use super::{conid, millis, number, side};
use crate::domain::entry::Trade;
use crate::domain::{
    AccountActivity, AccountId, ActivityKind, AssetClass, Currency, Entry, EntryId, Holding, Price,
    Quantity, Symbol, Text, Timestamp, What,
};
use crate::providers::fields::{Field, Unreadable};
use crate::providers::ibkr::wire;
use rust_decimal::Decimal;

/// An execution and which revision of it.
pub(in crate::providers::ibkr) struct Executed {
    pub(in crate::providers::ibkr) activity: AccountActivity,
    pub(in crate::providers::ibkr) revision: u32,
}

/// The account of a row.
pub(in crate::providers::ibkr) fn account_of(row: &wire::Trade<'_>) -> Option<Text> {
    let number = row.account.text().or_else(|| row.account_code.text());
    number.map(|number| number.as_ref().into())
}

/// The number of a row's contract.
pub(in crate::providers::ibkr) fn conid_of(row: &wire::Trade<'_>) -> Option<u64> {
    conid(row.conid)
}

/// Reads an execution. `named` is what its contract is called, where that was learnt; `order_of` tells the venue's id
/// of the order with a name of ours, which is all that most rows say.
pub(in crate::providers::ibkr) fn execution(
    row: &wire::Trade<'_>,
    account: &AccountId,
    named: Option<&(Symbol, AssetClass)>,
    order_of: impl Fn(&str) -> Option<Text>,
) -> Result<Executed, Unreadable> {
    let id = row.execution_id.text();
    let id = id.ok_or(Unreadable("the id of an execution"))?;
    let (id, revision) = split(&id);
    let name = row.order_ref.text_or_empty();
    let order = match row.order_id.text() {
        Some(order) => order.as_ref().into(),
        None => order_of(&name).unwrap_or_else(|| name.as_ref().into()),
    };
    let kind = ActivityKind::Fill {
        symbol: match named {
            Some((symbol, _)) => symbol.clone(),
            None => called(row)?,
        },
        side: side(row.side)?,
        quantity: Quantity(number(row.size)?.ok_or(Unreadable("the quantity"))?),
        price: Price(number(row.price)?.ok_or(Unreadable("the price"))?),
        order,
    };
    Ok(Executed {
        activity: AccountActivity {
            account: account.clone(),
            provider_id: id.into(),
            time: time(row)?,
            kind,
        },
        revision,
    })
}

/// An execution as the ledger keeps it: its id is that of all its revisions, so that a correction takes the place of what
/// it corrects.
pub(in crate::providers::ibkr) fn entry(
    executed: Executed,
    row: &wire::Trade<'_>,
    contract: Option<&Contract>,
) -> Result<Entry, Unreadable> {
    let AccountActivity {
        account,
        provider_id,
        time,
        kind,
    } = executed.activity;
    let ActivityKind::Fill {
        symbol,
        side,
        quantity,
        price,
        order,
    } = kind;
    let (class, multiplier, currency) = match contract {
        Some(contract) => (
            contract.class.clone(),
            contract.multiplier,
            contract.currency,
        ),
        // Rows say enough of shares that are traded in dollars, and of nothing else.
        None if class(row.sec_type) == AssetClass::Equity => {
            (AssetClass::Equity, Decimal::ONE, Currency::USD)
        }
        None => return Err(Unreadable("what the contract of an execution is")),
    };
    let holding = Holding {
        symbol,
        class,
        multiplier,
        currency,
    };
    Ok(Entry {
        account,
        id: EntryId::provider(provider_id.as_str()),
        time,
        settles: None,
        corrects: None,
        word: "TRADE".into(),
        description: row.order_description.text_or_empty().as_ref().into(),
        what: What::Trade(Trade {
            holding,
            side,
            quantity,
            price,
            fees: number(row.commission)?.unwrap_or_default(),
            order: (!order.is_empty()).then_some(order),
        }),
    })
}

/// `0000e0d5.6576fd38.01.02` → what is executed, and the second revision of it.
fn split(id: &str) -> (&str, u32) {
    let parts = id.rsplit_once('.').filter(|_| id.matches('.').count() == 3);
    match parts.and_then(|(of, revision)| Some((of, revision.parse().ok()?))) {
        Some(parts) => parts,
        None => (id, 0),
    }
}

fn called(row: &wire::Trade<'_>) -> Result<Symbol, Unreadable> {
    let ticker = row
        .symbol
        .text()
        .or_else(|| row.contract_description_1.text());
    let ticker = ticker.ok_or(Unreadable("the symbol"))?;
    let spelled = match (class(row.sec_type), row.contract_description_2.text()) {
        (AssetClass::Equity, _) | (_, None) => share(&ticker),
        (_, Some(more)) => format!("{ticker} {more}"),
    };
    Ok(Symbol::new(&spelled))
}

/// In milliseconds, else as `20231211-18:00:49` in universal time.
fn time(row: &wire::Trade<'_>) -> Result<Timestamp, Unreadable> {
    if let Some(time) = millis(row.trade_time_r)? {
        return Ok(time);
    }
    stamp(row.trade_time).ok_or(Unreadable("the time of an execution"))
}

fn stamp(field: Field<'_>) -> Option<Timestamp> {
    let text = field.text()?;
    let (date, time) = text.split_once('-')?;
    let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..8)?);
    Timestamp::parse(&format!("{year}-{month}-{day}T{time}Z")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ConnectionId, Side};

    const ROW: &str = r#"{"execution_id":"0000e0d5.6576fd38.01.01","symbol":"AAPL","side":"S",
        "trade_time":"20231211-18:00:49","trade_time_r":1702317649000,"size":5.0,"price":"192.26","order_ref":"mine-1",
        "account":"U1234567","sec_type":"STK","conid":265598}"#;

    fn read(text: &str) -> Result<Executed, Unreadable> {
        let account = AccountId {
            connection: ConnectionId::new("ibkr"),
            number: "U1234567".into(),
        };
        let row = serde_json::from_str(text).unwrap();
        execution(&row, &account, None, |name| {
            (name == "mine-1").then(|| "42".into())
        })
    }

    #[test]
    fn an_execution_is_of_the_order_with_our_name() {
        let read = read(ROW).unwrap().activity;
        assert_eq!(read.provider_id.as_str(), "0000e0d5.6576fd38.01");
        let ActivityKind::Fill {
            side, order, price, ..
        } = &read.kind;
        assert_eq!((*side, order.as_str()), (Side::Sell, "42"));
        assert_eq!(price.to_string(), "192.26");
        assert_eq!(read.time.millis(), 1_702_317_649_000);
    }

    #[test]
    fn a_correction_is_the_same_execution_once_more() {
        let corrected = read(&ROW.replace(".01.01", ".01.02")).unwrap();
        assert_eq!(
            corrected.activity.provider_id.as_str(),
            "0000e0d5.6576fd38.01"
        );
        assert_eq!(corrected.revision, 2);
        let odd = read(&ROW.replace("0000e0d5.6576fd38.01.01", "x.1")).unwrap();
        assert_eq!(
            (odd.activity.provider_id.as_str(), odd.revision),
            ("x.1", 0)
        );
    }

    #[test]
    fn a_time_is_read_from_either_field() {
        let read = read(&ROW.replace("_r", "_s")).unwrap().activity;
        assert_eq!(read.time.millis(), 1_702_317_649_000);
    }
}
