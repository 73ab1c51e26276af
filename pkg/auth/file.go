package auth

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// fromFile reads a file that holds a secret alone, with one line break at its end at most. It must be a regular file that only its owner can
// read: a link could lead to another one between the check and the reading, so the open file is what is checked.
func fromFile(path string) (Secret, error) {
	fail := func(err error, next string) (Secret, error) {
		return Secret{}, &SourceError{Source: "file " + path, Err: err, Next: next}
	}
	file, err := openPlain(path)
	if err != nil {
		return fail(fmt.Errorf("cannot be opened: %w", cause(err)), "name a file that holds the password alone; links are not followed")
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fail(fmt.Errorf("cannot be looked at: %w", cause(err)), "")
	}
	if !info.Mode().IsRegular() {
		return fail(errors.New("is not a regular file"), "name a file that holds the password alone")
	}
	if open := exposed(info.Mode()); open != "" {
		return fail(errors.New(open), fmt.Sprintf("run chmod 600 %s, and change the password if others may have seen it", path))
	}
	data, err := io.ReadAll(io.LimitReader(file, largest+1))
	defer clear(data) // the Secret is a copy; a string cannot be wiped, this can
	if err != nil {
		return fail(fmt.Errorf("cannot be read: %w", cause(err)), "")
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	switch {
	case len(data) > largest:
		return fail(fmt.Errorf("is larger than %d bytes", largest), "name a file that holds the password alone")
	case text == "":
		return fail(errors.New("is empty"), "write the password into it")
	case strings.ContainsAny(text, "\r\n\x00"):
		return fail(errors.New("holds more than one line"), "leave the password alone in it")
	}
	return NewSecret(text), nil
}

// cause is err without the path that a *PathError repeats.
func cause(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}
