package parquetcheck

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

type row struct {
	Text string   `parquet:"text,zstd,dict"`
	Tags []string `parquet:"tags,list"`
}

// written is a file of n rows.
func written(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b, parquet.KeyValueMetadata("huggingface", "{}"), parquet.PageBufferSize(1000), parquet.MaxRowsPerRowGroup(400))
	for i := range n {
		if _, err := w.Write([]row{{strings.Repeat("x", i%50), []string{"a", "b"}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpen(t *testing.T) {
	whole := written(t, 1000)
	file, err := Open(bytes.NewReader(whole), int64(len(whole)))
	if err != nil || file.NumRows() != 1000 || len(file.RowGroups()) != 3 {
		t.Fatal(file, err)
	}
	// with changes a file: of its end, or of its footer.
	footer := func(content ...byte) []byte {
		out := append([]byte("PAR1"), content...)
		return append(binary.LittleEndian.AppendUint32(out, uint32(len(content))), "PAR1"...)
	}
	for name, test := range map[string]struct {
		content []byte
		want    string
	}{
		"short":                 {[]byte("PAR1"), "the file is too short"},
		"another kind":          {[]byte("text,label\na,b\nc,d\n"), "it does not begin and end with PAR1"},
		"a cut file":            {whole[:len(whole)/2], "it does not begin and end with PAR1"},
		"a huge footer":         {[]byte("PAR1\xff\xff\xff\x7fPAR1"), "the footer claims 2147483647 bytes, expected at most 0"},
		"a cut footer":          {footer(0x15, 2), "footer: a record is cut"},
		"a huge list":           {footer(0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f), "footer: a record claims more than it holds"},
		"a huge text":           {footer(0x68, 0xff, 0xff, 0xff, 0xff, 0x0f), "footer: a record is cut"},
		"lists in lists":        {footer(append(bytes.Repeat([]byte{0x19}, 40), 0)...), "footer: a record claims more than it holds"},
		"structs in structs":    {footer(append(bytes.Repeat([]byte{0x1c}, 40), 0)...), "footer: a record claims more than it holds"},
		"a map":                 {footer(0x1b, 1), "footer: a record claims more than it holds"},
		"an endless number":     {footer(append([]byte{0x15}, bytes.Repeat([]byte{0xff}, 20)...)...), "footer: a record claims more than it holds"},
		"a page without header": {wipe(whole, 4, 3000), "page at byte 4: "},
	} {
		_, err := Open(bytes.NewReader(test.content), int64(len(test.content)))
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}

// wipe puts bytes that no header has.
func wipe(content []byte, from, to int) []byte {
	out := bytes.Clone(content)
	for i := from; i < to; i++ {
		out[i] = 0xff
	}
	return out
}

// header writes a page's header: field numbers 1 to 3, and a data page with its number of values.
func header(unpacked, packed, values int64) []byte {
	out := []byte{0x15, 0}
	for _, n := range []int64{unpacked, packed} {
		out = binary.AppendUvarint(append(out, 0x15), uint64(n<<1))
	}
	out = binary.AppendUvarint(append(out, 0x2c, 0x15), uint64(values<<1))
	return append(out, 0, 0)
}

func TestCheckPages(t *testing.T) {
	for _, test := range []struct {
		name                     string
		unpacked, packed, values int64
		want                     string
	}{
		{"right", 100, 10, 7, ""},
		{"beyond the file", 100, 11, 7, "page at byte 0: it claims 11 bytes, the file has 10 after it"},
		{"large", largestPage + 1, 10, 7, "page at byte 0: it claims 268435457 bytes when unpacked, expected at most 268435456"},
		{"many values", 100, 10, mostValues + 1, "page at byte 0: it claims 16777217 values, expected at most 16777216"},
	} {
		content := append(header(test.unpacked, test.packed, test.values), make([]byte, 10)...)
		got := ""
		if err := checkPages(bytes.NewReader(content), int64(len(content)), 0, int64(len(content))); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestWatch(t *testing.T) {
	failed := errors.New("failed")
	if n, err := Watch(func() (int, error) { return 7, failed }); n != 7 || err != failed {
		t.Error(n, err)
	}
	if _, err := Watch(func() (int, error) { panic("index out of range") }); err == nil || err.Error() != "index out of range" {
		t.Error(err)
	}
	stop := make(chan struct{})
	defer close(stop)
	if _, err := watch(func() (int, error) { <-stop; return 0, nil }, 30*time.Millisecond, 1<<40); err == nil || err.Error() != "a page is still not read after 30ms" {
		t.Error(err)
	}
	var kept [][]byte
	fill := func() (int, error) {
		for range 100 {
			kept = append(kept, make([]byte, 1<<20))
		}
		<-stop
		return 0, nil
	}
	if _, err := watch(fill, time.Minute, 10<<20); err == nil || err.Error() != "a page needs more than 10 MiB" {
		t.Error(err)
	}
}

// FuzzOpen makes sure that no footer and no header of a page fills the memory or makes the check fail.
func FuzzOpen(f *testing.F) {
	f.Add(written(f, 3))
	f.Add([]byte("PAR1\x15\x02\x02\x00\x00\x00PAR1"))
	f.Fuzz(func(t *testing.T, content []byte) {
		_, err := Watch(func() (*parquet.File, error) { return Open(bytes.NewReader(content), int64(len(content))) })
		if err != nil && strings.HasPrefix(err.Error(), "a page") {
			t.Error(err)
		}
	})
}
