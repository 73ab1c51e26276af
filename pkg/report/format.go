package report

import _ "embed"

// FormatText describes the JSON form, field by field, and the mapping. A test holds it to what is written.
//
//go:embed format.txt
var FormatText string
