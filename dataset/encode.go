package dataset

import (
	"bytes"
	"fmt"
	"strings"
)

// EncodeCSV writes texts byte for byte as pandas' to_csv writes the authors' rows: an index column, the header
// ,0,1,2, and quotes only where a text needs them. (encoding/csv also quotes texts that begin with a space.)
func EncodeCSV(texts []Text) []byte {
	var b bytes.Buffer
	b.WriteString(",0,1,2\n")
	for i, t := range texts {
		text, flag := t.Text, 0
		if t.Poisoned {
			flag = 1
		}
		if strings.ContainsAny(text, ",\"\r\n") {
			text = `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
		}
		fmt.Fprintf(&b, "%d,%s,%d,%d\n", i, text, t.Label, flag)
	}
	return b.Bytes()
}
