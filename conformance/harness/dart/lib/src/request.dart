/// The members of a request, as its operation needs them.
extension type Request(Map<String, Object?> members) {
  String text(String name) => _required<String>(name);

  bool flag(String name) => _required<bool>(name);

  int number(String name) => _required<int>(name);

  Map<String, Object?> object(String name) =>
      members[name] == null ? const {} : _required(name);

  List<Map<String, Object?>> objects(String name) =>
      list(name).cast<Map<String, Object?>>();

  List<Object?> list(String name) =>
      members[name] == null ? const [] : _required(name);

  T _required<T>(String name) => switch (members[name]) {
        final T value => value,
        final other => throw Fault('$name is $other, not a $T'),
      };
}

/// A request that makes no sense.
final class Fault implements Exception {
  const Fault(this.message);

  final String message;

  @override
  String toString() => message;
}
