package audit_test

import (
	"fmt"

	"mslora/audit"
)

// Both poisoned texts are among the three most suspicious of five.
func ExampleDetect() {
	scores := []float64{0.2, 3.1, 0.7, 2.4, 1.9}
	poisoned := []bool{false, true, false, false, true}
	d := audit.Detect(scores, poisoned)
	fmt.Printf("AUROC %.2f, precision %.2f\n", d.AUROC, d.Precision)
	// Output: AUROC 0.83, precision 0.50
}
