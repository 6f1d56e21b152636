//! Every overlay as a person sees it: keys in, a picture out, at a small and a large size.
//!
//! A picture is the text of the screen, then a legend of what is not plain text: `4:3-9 key` is line 4, columns 3 to 9.

mod picture;
mod vault;
mod world;

use picture::{Screen, pictures};
use tradedeck::domain::question::{About, Question as Asked};
use tradedeck::domain::{ClientOrderId, OrderState, Side, Symbol};
use tradedeck::link::VaultStatus;
use tradedeck::ui::overlays::{Answer, Layer, Question};

fn ticket(account: &str) -> Layer {
    Layer::Ticket {
        side: Side::Buy,
        symbol: Some(Symbol::new("AAPL")),
        account: Some(world::account(account)),
    }
}

#[test]
fn the_first_start() {
    let screen = Screen::with(|replica| replica.vault = Some(VaultStatus::Absent));
    pictures("first_start", &screen, Layer::Unlock, "");
    pictures(
        "new_vault",
        &screen,
        Layer::Unlock,
        "<enter>correct horse battery staple<tab>corr",
    );
    pictures(
        "new_vault_differs",
        &screen,
        Layer::Unlock,
        "<enter>long enough<enter>long enoug<enter>",
    );
}

#[test]
fn unlocking() {
    let locked = |failures, seconds: Option<u64>, problem: Option<&str>| VaultStatus::Locked {
        failures,
        wait_until: seconds
            .map(|seconds| world::now().plus(std::time::Duration::from_secs(seconds))),
        problem: problem.map(Into::into),
    };
    let plain = Screen::with(|replica| replica.vault = Some(locked(0, None, None)));
    pictures("locked", &plain, Layer::Unlock, "abc");
    pictures("unlocking", &plain, Layer::Unlock, "abc<enter>");
    let wrong = locked(
        3,
        Some(64),
        Some("that passphrase does not open this vault"),
    );
    let waiting = Screen::with(|replica| replica.vault = Some(wrong));
    pictures("wrong_passphrase", &waiting, Layer::Unlock, "abc<enter>");
    let broken = VaultStatus::Broken {
        kind: tradedeck::link::VaultTrouble::Damaged,
        problem: "the header does not match its checksum; restore the newest backup".into(),
    };
    let broken = Screen::with(|replica| replica.vault = Some(broken));
    pictures("broken_vault", &broken, Layer::Unlock, "");
}

#[test]
fn connecting() {
    let screen = Screen::new();
    pictures("providers", &screen, Layer::Connect, "");
    pictures(
        "provider_form",
        &screen,
        Layer::Connect,
        "alp<enter><tab>PKTEST<tab>secret",
    );
    pictures(
        "provider_form_live",
        &screen,
        Layer::Connect,
        "alp<enter><right><tab>AKTEST<tab><enter><enter>",
    );
    pictures(
        "connecting",
        &screen,
        Layer::Connect,
        "alp<enter><tab>PKTEST<tab>secret<enter>",
    );
}

#[test]
fn an_order() {
    let screen = Screen::new();
    pictures(
        "ticket",
        &screen,
        ticket("PA3R4QS34821"),
        "100<tab>l<tab>189.90",
    );
    pictures(
        "ticket_bracket",
        &screen,
        ticket("PA3R4QS34821"),
        "300<tab>l<tab>199.00<tab><tab><tab>b<tab>220<tab>180",
    );
    pictures(
        "ticket_wrong",
        &screen,
        ticket("PA3R4QS34821"),
        "1,000<enter>",
    );
    pictures(
        "ticket_live_account",
        &screen,
        ticket("884217730"),
        "100<enter>",
    );
    pictures(
        "order_question",
        &screen,
        ticket("PA3R4QS34821"),
        "100<tab>l<tab>189.90<enter>",
    );
    pictures(
        "order_doubts",
        &screen,
        ticket("PA3R4QS34821"),
        "300<tab>l<tab>199.00<enter>",
    );
    pictures("order_sent", &screen, ticket("PA3R4QS34821"), "100<enter>y");
    pictures(
        "ticket_discard",
        &screen,
        ticket("PA3R4QS34821"),
        "100<esc>",
    );
}

#[test]
fn a_working_order() {
    let screen = Screen::new();
    let id = ClientOrderId::new("0d9c7a52-3f1e-4f0b-9a51-0c1f0f7f3d11");
    pictures("order", &screen, Layer::Order(id.clone()), "");
    pictures(
        "change",
        &screen,
        Layer::Change(id.clone()),
        "<tab><ctrl-u>189.95",
    );
    pictures(
        "change_question",
        &screen,
        Layer::Change(id),
        "<tab><ctrl-u>189.95<enter>",
    );
}

/// A screen on which the broker asks about the working order.
fn asked(sentences: &[&str]) -> (Screen, Layer) {
    let question = Asked::new("q-1", About::Placing, sentences.iter().copied(), ["o163"]);
    let question = Box::new(question.expect("it has words"));
    let id = ClientOrderId::new("0d9c7a52-3f1e-4f0b-9a51-0c1f0f7f3d11");
    let screen = Screen::with(|replica| {
        let order = replica.orders.get_mut(&id).expect("it works");
        order.state = OrderState::Asked {
            question,
            until: world::now().plus(std::time::Duration::from_secs(60)),
            said: None,
        };
    });
    (screen, Layer::Asked(id))
}

#[test]
fn a_brokers_question() {
    let price = "The following order \"BUY 100 AAPL NASDAQ.NMS @ 189.90\" price exceeds \
                 the Percentage constraint of 3%. Are you sure you want to submit this order?";
    let data = "You are submitting an order without market data. We strongly recommend against \
                this as it may result in erroneous and unexpected trades.\u{1b}[2J";
    let (screen, layer) = asked(&[price, data]);
    pictures("broker_asks", &screen, layer.clone(), "");
    pictures("broker_asks_no", &screen, layer.clone(), "<esc>");
    pictures("broker_asks_yes", &screen, layer, "ye");
    let (screen, layer) = asked(&vec![data; 9]);
    pictures("broker_asks_long", &screen, layer, "jjj");
    let (screen, layer) = asked(&[&"word ".repeat(600)]);
    pictures(
        "broker_asks_cut",
        &screen,
        layer,
        "<pgdn><pgdn><pgdn><pgdn><pgdn><pgdn>",
    );
}

#[test]
fn questions() {
    let screen = Screen::new();
    let kill = Question {
        title: "Kill switch".into(),
        lines: vec![
            "Cancels 2 working orders of every account.".into(),
            "Blocks new orders from this screen until tradedeck is started again.".into(),
        ],
        yes: "cancel everything".into(),
        dangerous: true,
        then: Answer::Kill,
    };
    pictures("question", &screen, Layer::Confirm(kill), "");
    let quit = Question {
        title: "Quit".into(),
        lines: vec![
            "2 orders still work. They go on working without tradedeck.".into(),
            "Cancel them first if they should not.".into(),
        ],
        yes: "quit".into(),
        dangerous: false,
        then: Answer::Quit,
    };
    pictures("question_quit", &screen, Layer::Confirm(quit), "");
}

#[test]
fn finding_things() {
    let screen = Screen::new();
    let names = ["default", "light", "nord"].map(String::from).to_vec();
    pictures("palette", &screen, Layer::Palette, "sync<down>");
    pictures("palette_nothing", &screen, Layer::Palette, "zzzz");
    pictures("help", &screen, Layer::Help, "kill");
    pictures("themes", &screen, Layer::Themes { names }, "<down>");
    pictures("add_symbol", &screen, Layer::AddSymbol, "aapl");
    pictures("activity_entry", &screen, Layer::Entry(7), "");
}
