// Package view owns what people and machines get to see: the bar, the lines, the tables, the JSON.
// It decides nothing, keeps nothing and asks nobody; it is handed values and events, and a writer.
//
// A server's text is a stranger's: names, reasons and answers pass through [Visible] before they reach a terminal, and through the JSON
// writer's escapes before they reach a pipe, so that no byte of theirs moves a cursor or reverses a line.
package view
