# cmake -D INPUT=file -D OUTPUT=file.inc -P bytes.cmake: a list of its bytes.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT} "${bytes}\n")
