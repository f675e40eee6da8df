//! What of Rust's grammar decides whether something is a step.

use syn::{Attribute, BinOp, Expr, Pat};

/// Whether `&&` or `||`.
pub(super) fn is_a_choice(op: &BinOp) -> bool {
    matches!(op, BinOp::And(_) | BinOp::Or(_))
}

/// Whether a condition has names that hold only if it does.
pub(super) fn has_let(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

/// Whether a statement of this kind can be left out without more.
pub(super) fn can_go(expression: &Expr) -> bool {
    match expression {
        Expr::Call(call) => call.attrs.is_empty() && !only_watches(&call.func),
        Expr::MethodCall(call) => call.attrs.is_empty(),
        Expr::Assign(assign) => assign.attrs.is_empty(),
        Expr::Binary(binary) => assigns(&binary.op),
        Expr::Try(inner) => can_go(&inner.expr),
        Expr::Unsafe(_) => true,
        _ => false,
    }
}

/// Whether a function is there to be watched, or to make CPUs meet in tests, and does nothing by itself.
fn only_watches(function: &Expr) -> bool {
    let Expr::Path(path) = function else { return false };
    let module = path.path.segments.iter().rev().nth(1);
    module.is_some_and(|module| module.ident == "window" || module.ident == "trace")
}

fn assigns(op: &BinOp) -> bool {
    use BinOp::{
        AddAssign, BitAndAssign, BitOrAssign, BitXorAssign, DivAssign, MulAssign, RemAssign, ShlAssign, ShrAssign,
        SubAssign,
    };
    matches!(
        op,
        AddAssign(_)
            | SubAssign(_)
            | MulAssign(_)
            | DivAssign(_)
            | RemAssign(_)
            | BitXorAssign(_)
            | BitAndAssign(_)
            | BitOrAssign(_)
            | ShlAssign(_)
            | ShrAssign(_)
    )
}

/// Whether an arm takes what no other one does, so that others can be missing.
pub(super) fn catches_all(pattern: &Pat) -> bool {
    match pattern {
        Pat::Wild(_) => true,
        Pat::Ident(name) => name.ident.to_string().starts_with(char::is_lowercase),
        _ => false,
    }
}

/// Whether it is there only when tests are built.
pub(super) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let mut found = attribute.path().is_ident("test");
        if attribute.path().is_ident("cfg") {
            // Other conditions than the bare `test` are an error here, and not for tests alone.
            _ = attribute.parse_nested_meta(|meta| {
                found |= meta.path.is_ident("test");
                Ok(())
            });
        }
        found
    })
}
