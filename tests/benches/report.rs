//! A table of budgets and what was measured.

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints one line of the table.
pub fn report(number: &str, what: &str, budget: &str, measured: &str, met: bool) {
    println!(
        "| {number:<4} | {what:<58} | {budget:<10} | {measured:<28} | {} |",
        if met { "met" } else { "NOT met" }
    );
}

/// Prints the table's head.
pub fn table() {
    println!(
        "| #    | {:<58} | budget     | {:<28} | |",
        "what", "measured"
    );
    println!(
        "|------|{}|------------|{}|-|",
        "-".repeat(60),
        "-".repeat(30)
    );
}
