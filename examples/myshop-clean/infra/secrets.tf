resource "aws_secretsmanager_secret" "database" {
  name                    = "myshop/${var.environment}/database"
  description             = "Connection of the API to PostgreSQL"
  recovery_window_in_days = local.is_prod ? 30 : 7
}

resource "aws_secretsmanager_secret_version" "database" {
  secret_id = aws_secretsmanager_secret.database.id

  secret_string = jsonencode({
    host     = module.database.address
    port     = module.database.port
    dbname   = module.database.database_name
    username = "myshop"
    password = random_password.database.result
  })
}

# Filled by hand from the payment provider's console.
resource "aws_secretsmanager_secret" "payment" {
  name                    = "myshop/${var.environment}/payment"
  description             = "API key of the payment provider"
  recovery_window_in_days = local.is_prod ? 30 : 7
}
