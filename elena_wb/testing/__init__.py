"""The contract of each kind of plugin as functions, for plugin authors to call from their tests."""
