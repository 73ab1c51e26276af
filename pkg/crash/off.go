//go:build !crashpoints

package crash

import "time"

// Point is a place at which a crash test may kill the program, named package.place. It does nothing.
func Point(name string) {}

// Wait is d: only a crash test, which has hundreds of runs to do, may want it shorter.
func Wait(d time.Duration) time.Duration { return d }
