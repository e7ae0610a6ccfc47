package filesum

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// sha256 of "one" and "two", by sha256sum.
const (
	one = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
	two = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"
)

func write(t *testing.T, path, text string, at time.Time) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func sum(t *testing.T, c *Cache, path string) string {
	t.Helper()
	s, err := c.Sum(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCache(t *testing.T) {
	folder := t.TempDir()
	t.Setenv(variable, filepath.Join(folder, "cache"))
	file, old := filepath.Join(folder, "file"), time.Now().Add(-time.Hour)
	write(t, file, "one", old)
	c := Open()
	if got := sum(t, c, file); got != one {
		t.Errorf("got %s", got)
	}
	c.Save()

	// Another program does not read the file again: same size and time, other content.
	write(t, file, "two", old)
	again := Open()
	if got := sum(t, again, file); got != one {
		t.Errorf("the sum was not remembered: %s", got)
	}
	again.Forget(file)
	if got := sum(t, again, file); got != two {
		t.Errorf("a forgotten file has the sum %s", got)
	}
	for name, change := range map[string]func(){
		"time": func() { write(t, file, "two", old.Add(time.Second)) },
		"size": func() { write(t, file, "two ", old) },
	} {
		write(t, file, "one", old)
		c := Open()
		c.Forget(file)
		sum(t, c, file)
		change()
		if got := sum(t, c, file); got == one {
			t.Errorf("a file of another %s has the old sum", name)
		}
	}
}

// A file that was written just now may change again within one tick of its clock.
func TestCacheOfNewFile(t *testing.T) {
	folder := t.TempDir()
	t.Setenv(variable, folder)
	file, now := filepath.Join(folder, "file"), time.Now()
	c := Open()
	write(t, file, "one", now)
	sum(t, c, file)
	write(t, file, "two", now)
	if got := sum(t, c, file); got != two {
		t.Errorf("got %s", got)
	}
}

// A cache that is damaged, or cannot be written, costs time and nothing else.
func TestDamagedCache(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	write(t, file, "one", time.Now().Add(-time.Hour))
	for name, text := range map[string]string{"damaged": `{"/x": `, "other": `[1]`} {
		t.Setenv(variable, folder)
		write(t, filepath.Join(folder, cacheFile), text, time.Now())
		if got := sum(t, Open(), file); got != one {
			t.Errorf("%s: got %s", name, got)
		}
	}
	t.Setenv(variable, file) // no folder
	c := Open()
	if got := sum(t, c, file); got != one {
		t.Errorf("got %s", got)
	}
	c.Save()
	if _, err := Of(filepath.Join(folder, "nothing")); err == nil {
		t.Error("a missing file has a sum")
	}
}
