/// What a transaction may see of others that run at the same time.
enum OdbcIsolation {
  /// Even what was not committed.
  readUncommitted('read_uncommitted'),

  /// What was committed before each statement.
  readCommitted('read_committed'),

  /// What was committed before the transaction read first.
  repeatableRead('repeatable_read'),

  /// As if transactions ran one after another.
  serializable('serializable');

  const OdbcIsolation(this.label);

  /// The name that every language uses.
  final String label;
}
