//! A throwaway PostgreSQL server for the quickstart and the tests.
