module edgeless.test/guest

go 1.24
