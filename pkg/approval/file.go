package approval

import (
	"fmt"

	"gopkg.in/yaml.v3"

	"imapmigrate/pkg/config/strict"
)

var file = strict.Format{Limit: 64 << 10, Remedy: "make one with `imapmigrate approve`"}

// Encode is the file's text.
func (a *Approval) Encode() ([]byte, error) { return yaml.Marshal(a) }

// Read takes what Encode wrote; name is what faults call the file. What is wrong is a strict.Faults. It says nothing about whether the
// approval holds: that is Check's.
func Read(name string, data []byte) (*Approval, error) {
	a := &Approval{}
	d := file.Decode(name, data, a)
	if !d.Faulty("format") && a.Format != Format {
		d.Add("format", fmt.Sprintf("`format` is %d, this program knows %d", a.Format, Format), "use the program version that made it")
	}
	if !d.Faulty("kind") {
		d.Choice("kind", string(a.Kind), Kinds...)
	}
	if err := d.Err(); err != nil {
		return nil, err
	}
	for i := range a.Given {
		a.Given[i].At = a.Given[i].At.UTC()
	}
	return a, nil
}
