//! Finds the steps of a source file, and rewrites it so that each can be taken otherwise, by its number.
//!
//! What each kind of step becomes is a function of `chosen.rs`, which is put into the same crate.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, ExprBinary, Lit, Pat, ReturnType, Stmt};

use super::edits::Edits;
use super::grammar::{can_go, catches_all, has_let, is_a_choice, is_for_tests};

/// One thing to do otherwise.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Where it begins, from 1.
    pub(super) line: usize,
    /// What is done otherwise.
    pub(super) what: String,
}

/// A file with its steps.
#[derive(Debug)]
pub(super) struct Found {
    /// In the order of their numbers.
    pub(super) steps: Vec<Step>,
    /// The file, rewritten.
    pub(super) text: String,
}

/// The steps of `text`, numbered from `first`, but for those that begin on one of the lines `refused`.
///
/// # Errors
/// When it is not Rust.
pub(super) fn find(text: &str, first: usize, refused: &BTreeSet<usize>) -> Result<Found> {
    let file = syn::parse_file(text).context("not understood")?;
    let mut finder = Finder { text, first, refused, steps: Vec::new(), edits: Edits::default(), seen: BTreeSet::new() };
    finder.visit_file(&file);
    Ok(Found { steps: finder.steps, text: finder.edits.apply(text) })
}

/// Errors of the interface; what the kernel's own panics say is not looked at.
const ERRORS: [&str; 6] = ["BadEnv", "Inval", "NoMem", "NoFreeEnv", "Fault", "IpcNotRecv"];

struct Finder<'a> {
    text: &'a str,
    first: usize,
    refused: &'a BTreeSet<usize>,
    steps: Vec<Step>,
    edits: Edits,
    /// Where conditions begin and end that can be made to hold, or not, already.
    seen: BTreeSet<(usize, usize)>,
}

impl Finder<'_> {
    /// A new step, unless its line was refused.
    fn step(&mut self, span: Span, what: &str) -> Option<usize> {
        let line = span.start().line;
        if self.refused.contains(&line) {
            return None;
        }
        let code: String = self.text[span.byte_range()].split_whitespace().collect::<Vec<_>>().join(" ");
        let code: String = code.chars().take(80).collect();
        self.steps.push(Step { line, what: format!("{what}: {code}") });
        Some(self.first + self.steps.len() - 1)
    }

    fn around(&mut self, span: Span, before: String, after: &str) {
        self.edits.around(span.byte_range(), before, after);
    }

    /// A statement that can be left out.
    fn statement(&mut self, span: Span) {
        if let Some(step) = self.step(span, "left out") {
            self.around(span, format!("if crate::steps::is_there({step}) {{ "), " }");
        }
    }

    /// What comes after `is_there` and may be missing.
    fn if_there(&mut self, span: Span, what: &str, with: &str) {
        if let Some(step) = self.step(span, what) {
            self.around(span, String::new(), &format!(" {with} crate::steps::is_there({step})"));
        }
    }

    /// A condition, part by part.
    fn condition(&mut self, expression: &Expr) {
        match expression {
            Expr::Binary(binary) if is_a_choice(&binary.op) => {
                self.condition(&binary.left);
                self.condition(&binary.right);
            }
            Expr::Paren(inner) => self.condition(&inner.expr),
            Expr::Let(_) => {}
            _ => {
                let span = expression.span();
                let range = span.byte_range();
                if self.seen.insert((range.start, range.end))
                    && let Some(step) = self.step(span, "always so")
                {
                    self.step(span, "never so");
                    self.around(span, format!("crate::steps::holds({step}, "), ")");
                }
            }
        }
    }

    /// The statements of a block, which gives nothing if it `is_unit`.
    fn block(&mut self, block: &Block, is_unit: bool) {
        for (index, statement) in block.stmts.iter().enumerate() {
            let last = index + 1 == block.stmts.len();
            let goes = match statement {
                Stmt::Expr(expression, Some(_)) => can_go(expression),
                Stmt::Expr(Expr::ForLoop(_) | Expr::While(_), None) => true,
                Stmt::Expr(Expr::Unsafe(_), None) if !last => true,
                Stmt::Expr(expression, None) => is_unit && last && can_go(expression),
                _ => false,
            };
            if goes {
                self.statement(statement.span());
            }
        }
        visit::visit_block(self, block);
    }

    fn function(&mut self, block: &Block, output: &ReturnType) {
        self.block(block, matches!(output, ReturnType::Default));
    }

    /// `a OP b` as `FUNCTION(step, a, b)`; the step after it is `and_also`.
    fn call(&mut self, item: &ExprBinary, function: &str, what: &str, and_also: Option<&str>) {
        if let Some(step) = self.step(item.span(), what) {
            and_also.and_then(|what| self.step(item.span(), what));
            self.around(item.span(), format!("crate::steps::{function}({step}, "), ")");
            self.edits.replace(item.op.span().byte_range(), ",");
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if item.sig.constness.is_none() && !is_for_tests(&item.attrs) {
            self.function(&item.block, &item.sig.output);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if item.sig.constness.is_none() && !is_for_tests(&item.attrs) {
            self.function(&item.block, &item.sig.output);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    // What is worked out while the kernel is built cannot be chosen when it runs.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_item_macro(&mut self, _: &'ast syn::ItemMacro) {}
    fn visit_item_enum(&mut self, _: &'ast syn::ItemEnum) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_expr_repeat(&mut self, item: &'ast syn::ExprRepeat) {
        self.visit_expr(&item.expr);
    }

    fn visit_block(&mut self, block: &'ast Block) {
        self.block(block, false);
    }

    fn visit_expr_for_loop(&mut self, item: &'ast syn::ExprForLoop) {
        self.visit_expr(&item.expr);
        self.block(&item.body, true);
    }

    fn visit_expr_while(&mut self, item: &'ast syn::ExprWhile) {
        if !has_let(&item.cond)
            && let Some(step) = self.step(item.cond.span(), "never so")
        {
            self.around(item.cond.span(), format!("crate::steps::is_there({step}) && ("), ")");
        }
        self.visit_expr(&item.cond);
        self.block(&item.body, true);
    }

    fn visit_expr_if(&mut self, item: &'ast syn::ExprIf) {
        self.condition(&item.cond);
        if has_let(&item.cond) {
            self.if_there(item.cond.span(), "never so", "&&");
        }
        self.visit_expr(&item.cond);
        self.block(&item.then_branch, item.else_branch.is_none());
        if let Some((_, other)) = &item.else_branch {
            self.visit_expr(other);
        }
    }

    fn visit_expr_match(&mut self, item: &'ast syn::ExprMatch) {
        self.visit_expr(&item.expr);
        let rest = item.arms.last().is_some_and(|arm| catches_all(&arm.pat));
        for (index, arm) in item.arms.iter().enumerate() {
            if let Pat::Guard(guard) = &arm.pat {
                self.condition(&guard.guard);
                self.visit_expr(&guard.guard);
            } else if rest && index + 1 < item.arms.len() {
                self.if_there(arm.pat.span(), "no such arm", "if");
            }
            self.visit_expr(&arm.body);
        }
    }

    fn visit_expr_binary(&mut self, item: &'ast ExprBinary) {
        let (span, range) = (item.span(), item.span().byte_range());
        match item.op {
            BinOp::And(_) | BinOp::Or(_) if !has_let(&item.left) && !has_let(&item.right) => {
                self.condition(&item.left);
                self.condition(&item.right);
            }
            BinOp::Eq(_) | BinOp::Ne(_) if !self.seen.contains(&(range.start, range.end)) => {
                if let Some(step) = self.step(span, "turned") {
                    self.around(span, format!("crate::steps::turned({step}, "), ")");
                }
            }
            BinOp::Lt(_) => self.call(item, "lt", "border moved", None),
            BinOp::Le(_) => self.call(item, "le", "border moved", None),
            BinOp::Gt(_) => self.call(item, "gt", "border moved", None),
            BinOp::Ge(_) => self.call(item, "ge", "border moved", None),
            BinOp::BitOr(_) => self.call(item, "or", "only the first", Some("only the second")),
            BinOp::BitAnd(_) => self.call(item, "and", "only the first", None),
            BinOp::Add(_) | BinOp::Sub(_) => {
                if let Expr::Lit(literal) = &*item.right
                    && matches!(&literal.lit, Lit::Int(number) if number.base10_digits() != "0")
                    && let Some(step) = self.step(span, "one less")
                {
                    self.around(item.right.span(), format!("crate::steps::number({step}, "), ")");
                }
            }
            _ => {}
        }
        visit::visit_expr_binary(self, item);
    }

    fn visit_expr_path(&mut self, item: &'ast syn::ExprPath) {
        let segments: Vec<_> = item.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let [.., kind, name] = &segments[..]
            && kind == "Error"
            && ERRORS.contains(&name.as_str())
            && let Some(step) = self.step(item.span(), "another error")
        {
            // The same type by the same way, whatever a crate calls it.
            let way = segments[..segments.len() - 1].join("::");
            let other = if name == "Inval" { "BadEnv" } else { "Inval" };
            self.around(item.span(), format!("crate::steps::either({step}, "), &format!(", {way}::{other})"));
        }
    }
}
