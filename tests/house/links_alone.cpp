// Linked with one room whole: an arrow that the drawing lacks is an undefined reference here.
int main() {}
