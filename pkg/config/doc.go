// Package config owns migration.yaml: what may stand in it, what is meant when something does not, and everything that is wrong with it at once.
// It opens no connection, fetches no password, and decides nothing that depends on a server.
package config
