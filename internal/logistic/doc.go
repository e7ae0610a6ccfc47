// Package logistic is L2-regularised logistic regression with weighted rows and soft targets, on sparse rows.
package logistic
