package tensorboard

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"
)

// reference.json holds records of TensorBoard's own writer; tools/tensorboard_fixture.py makes it.
type reference struct {
	Header  []byte `json:"header"`
	Records []struct {
		Step    int      `json:"step"`
		Seconds float64  `json:"seconds"`
		Points  []Scalar `json:"points"`
		Record  []byte   `json:"record"`
	} `json:"records"`
}

func readReference(t *testing.T) reference {
	t.Helper()
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// at gives the time of so many seconds since 1970.
func at(seconds float64) time.Time { return time.UnixMicro(int64(seconds * 1e6)) }

func TestRecordsAreThoseOfTensorBoard(t *testing.T) {
	r := readReference(t)
	if got := Header(at(1.5)); !bytes.Equal(got, r.Header) {
		t.Errorf("header %x, want %x", got, r.Header)
	}
	for _, want := range r.Records {
		if got := Scalars(want.Step, at(want.Seconds), want.Points...); !bytes.Equal(got, want.Record) {
			t.Errorf("step %d: %x, want %x", want.Step, got, want.Record)
		}
	}
}

// file gives a file of the header and a record for each step, and the length after each record.
func file(steps ...int) (data []byte, ends []int) {
	data = Header(at(1.5))
	for _, step := range steps {
		ends = append(ends, len(data))
		data = append(data, Scalars(step, at(2), Scalar{"train/loss", float64(step)})...)
	}
	return data, append(ends, len(data))
}

func TestUpTo(t *testing.T) {
	data, ends := file(1, 2, 2, 300)
	flipped := func(place int) []byte {
		other := bytes.Clone(data)
		other[place] ^= 1
		return other
	}
	for _, test := range []struct {
		name string
		data []byte
		step int
		want int
	}{
		{"nothing", nil, 5, 0},
		{"the header alone", data, 0, ends[0]},
		{"one step", data, 1, ends[1]},
		{"both records of a step", data, 2, ends[3]},
		{"none of a step between", data, 299, ends[3]},
		{"all", data, 300, len(data)},
		{"a record without its end", data[:len(data)-1], 300, ends[3]},
		{"half a length", data[:ends[1]+5], 300, ends[1]},
		{"half a header", data[:20], 300, 0},
		{"zeros of a power cut", append(bytes.Clone(data), make([]byte, 4096)...), 300, len(data)},
		{"another length", flipped(ends[1]), 300, ends[1]},
		{"another checksum of the length", flipped(ends[1] + 8), 300, ends[1]},
		{"other data", flipped(ends[2] - 5), 300, ends[1]},
		{"another checksum", flipped(ends[2] - 1), 300, ends[1]},
	} {
		if got, err := UpTo(test.data, test.step); err != nil || got != test.want {
			t.Errorf("%s: %d bytes, error %v, want %d", test.name, got, err, test.want)
		}
	}
}

// A file of somebody else's is not cut.
func TestUpToRefuses(t *testing.T) {
	const want = "it does not begin with a record of TensorBoard's"
	if _, err := UpTo(bytes.Repeat([]byte("my notes "), 9), 5); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func FuzzUpTo(f *testing.F) {
	data, _ := file(1, 2)
	f.Add(data, 1)
	f.Add(append(data, record([]byte{0x10})...), 9)
	f.Add(record([]byte{0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}), 3)
	f.Fuzz(func(t *testing.T, data []byte, step int) {
		length, err := UpTo(data, step)
		if err != nil {
			return
		}
		if again, err := UpTo(data[:length], step); err != nil || again != length {
			t.Errorf("%d bytes of %d are kept, of these %d, error %v", length, len(data), again, err)
		}
	})
}
