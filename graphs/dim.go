package graphs

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Dim is one size of a tensor: a number, or a symbol whose value is known only when a graph is linked or
// run.
//
//	T tokens of a batch      R rows        W row width     B texts     L longest text
//	A tokens that are followed by others, N predictions, of a language model
//	C classes                r LoRA rank   k multi-scale rank (scales x bandwidth)
//	b adapter bottleneck     p prefix length
//	V vocabulary             P positions
type Dim struct {
	Size   int64
	Symbol string // "" if Size holds
}

const symbols = "TRWBLANCrkbpVP"

// String gives the number or the symbol.
func (d Dim) String() string {
	if d.Symbol != "" {
		return d.Symbol
	}
	return strconv.FormatInt(d.Size, 10)
}

// UnmarshalJSON reads a number or a symbol.
func (d *Dim) UnmarshalJSON(data []byte) error {
	*d = Dim{}
	if len(data) > 0 && data[0] == '"' {
		if err := json.Unmarshal(data, &d.Symbol); err != nil {
			return err
		}
		if len(d.Symbol) != 1 || !strings.Contains(symbols, d.Symbol) {
			return fmt.Errorf("unknown size %q, expected a number or one of %s", d.Symbol, strings.Join(strings.Split(symbols, ""), " "))
		}
		return nil
	}
	if err := json.Unmarshal(data, &d.Size); err != nil {
		return err
	}
	if d.Size <= 0 {
		return fmt.Errorf("size %d, expected a positive number", d.Size)
	}
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (d Dim) MarshalJSON() ([]byte, error) {
	if d.Symbol != "" {
		return json.Marshal(d.Symbol)
	}
	return json.Marshal(d.Size)
}

// Resolve puts in the values of the symbols. A symbol that sizes lacks is an error.
func Resolve(dims []Dim, sizes map[string]int64) ([]int64, error) {
	shape := make([]int64, len(dims))
	for i, d := range dims {
		shape[i] = d.Size
		if d.Symbol != "" {
			size, ok := sizes[d.Symbol]
			if !ok {
				return nil, fmt.Errorf("size %s of %v is not known", d.Symbol, dims)
			}
			shape[i] = size
		}
	}
	return shape, nil
}

// fits tells whether a shape has the numbers of dims; symbols fit any positive size.
func fits(dims []Dim, shape []int64) bool {
	if len(dims) != len(shape) {
		return false
	}
	for i, d := range dims {
		if d.Symbol == "" && d.Size != shape[i] || shape[i] <= 0 {
			return false
		}
	}
	return true
}
