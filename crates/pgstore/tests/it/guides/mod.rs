//! What the guides in `docs/` say, done.

mod comparison;
mod deploying;
mod rolling_back;

/// The fenced blocks of SQL of a guide, in order.
fn sql_blocks(guide: &str) -> Vec<&str> {
    let blocks = guide.split("```sql\n").skip(1);
    blocks
        .map(|block| block.split("```").next().expect("the block ends"))
        .collect()
}

/// The one block of SQL that contains this.
fn sql_block<'a>(guide: &'a str, part: &str) -> &'a str {
    let blocks = sql_blocks(guide).into_iter();
    let matching: Vec<_> = blocks.filter(|block| block.contains(part)).collect();
    assert_eq!(matching.len(), 1, "blocks with {part}");
    matching[0]
}
