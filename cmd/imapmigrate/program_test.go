package main

import (
	"testing"

	"imapmigrate/pkg/imaptest"
)

func TestMain(m *testing.M) { imaptest.Main(m) }
