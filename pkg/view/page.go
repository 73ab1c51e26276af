package view

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"time"
)

// The look of every page, and the one script: it filters. Both stand in the page itself, which asks nobody for anything.
var (
	//go:embed page.css
	pageStyle string
	//go:embed page.js
	pageScript string
)

// pagePolicy lets a browser use exactly our style and our script, and nothing else: whatever a server managed to get into the page could
// neither run nor ask for anything (CSP level 3, sections 6.1 and 6.7.3).
var pagePolicy = fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; base-uri 'none'; form-action 'none'",
	pageHash(pageStyle), pageHash(pageScript))

func pageHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// pageFuncs are what a page's body may call. visible is for every text that comes from a server or a file: escaping alone leaves a
// direction mark or a control character what it is.
var pageFuncs = template.FuncMap{
	"visible": Visible,
	"show":    func(v fmt.Stringer) string { return Visible(v.String()) },
	"count":   func(n int64) string { return known(n) },
	"bytes":   func(n int64) string { return Bytes(n) },
	"plural":  func(n int64, noun string) string { return Plural(n, noun) },
	"when":    func(t time.Time) string { return t.UTC().Format(minute) },
	"took":    Took,
	"what":    whatOf,
}

// pageBody reads a body: html/template, so that whatever is put in is escaped for the place where it stands. It may hold no style and no
// script of its own; classes are those of page.css.
func pageBody(name, text string) *template.Template {
	return template.Must(template.New(name).Funcs(pageFuncs).Parse(text))
}

// writePage writes one self-contained document: the skeleton around what body makes of data. The skeleton is no template, because the
// digests in its policy are those of its bytes. The error is w's, or the body's.
func writePage(w io.Writer, title string, body *template.Template, data any) error {
	title = template.HTMLEscapeString(Visible(title))
	if _, err := fmt.Fprintf(w, pageHead, pagePolicy, title, pageStyle); err != nil {
		return err
	}
	if err := body.Execute(w, data); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, pageTail, pageScript)
	return err
}

const pageHead = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="%s">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>%s</title>
<style>%s</style>
</head>
<body>
`

const pageTail = `
<script>%s</script>
</body>
</html>
`
