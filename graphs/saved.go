package graphs

import (
	"fmt"
	"strconv"
	"strings"
)

// Saved gives the bytes that the forward pass keeps for the backward pass at given open sizes, by their symbols. It is 0 for
// an evaluation graph, and for graphs that were exported before manifests told. A graph whose attention is joined (Linked.Attention) keeps no scores.
func (m Manifest) Saved(sizes map[string]int64, attention bool) (int64, error) {
	var total int64
	for product, factor := range m.SavedBytes {
		if attention && product == "R*W^2" { // scores of all pairs of tokens in a row, and what is made of them
			continue
		}
		if product != "1" {
			for _, power := range strings.Split(product, "*") {
				symbol, exponent, raised := strings.Cut(power, "^")
				times := 1
				if raised {
					var err error
					if times, err = strconv.Atoi(exponent); err != nil || times < 1 {
						return 0, fmt.Errorf("the manifest's saved_bytes has the product %q", product)
					}
				}
				size, ok := sizes[symbol]
				if !ok {
					return 0, fmt.Errorf("the manifest's saved_bytes has the unknown size %q", symbol)
				}
				for range times {
					factor *= size
				}
			}
		}
		total += factor
	}
	return total, nil
}
